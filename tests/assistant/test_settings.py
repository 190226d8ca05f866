"""Every setting has a layer it came from; what is wrong is refused by name, and a secret is never told."""

from __future__ import annotations

import os
import subprocess
import sys
from itertools import combinations
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from assistant.errors import SettingsError
from assistant.settings import LOOKS, LoadedSettings, Settings, hub_is_off, load_settings, rest_while_waiting

OTHER_VALUES: dict[str, Any] = {
    "data": "/elsewhere/data",
    "models": "/elsewhere/models",
    "offline": True,
    "generator": "other",
    "endpoint_model": "other",
    "endpoint_key": "s3cret",
    "embedder": "other",
    "embedder_runtime": "torch",
    "threads": 3,
    "context_tokens": 2048,
    "answer_tokens": 100,
    "chunk_tokens": 100,
    "overlap_tokens": 10,
    "candidates": 20,
    "evidence_tokens": 333,
    "evidence_passages": 3,
    "resume_evidence": True,
    "reranker": "none",
    "entailment": "/models/nli",
    "weights": "mapped",
    "remembered_grades": 7,
    "strictness": "strict",
    "answers": "written",
    "question_words": 50,
    "file_bytes": 4096,
    "web_pages": True,
    "host": "::1",
    "port": 8000,
    "user": "ada",
    "password": "correct horse",
}
"""A value for every setting that is not its default."""

NO_ANSWER_CHANGES_WITH = {
    "data",
    "models",
    "offline",
    "endpoint_key",
    "threads",
    "file_bytes",
    "web_pages",
    "resume_evidence",
    "remembered_grades",
    "host",
    "port",
    "user",
    "password",
}
LAYERS = ["file", "environment", "command line"]


@pytest.fixture(autouse=True)
def home_without_settings(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """No test sees the settings of whoever runs it."""
    monkeypatch.setenv("XDG_CONFIG_HOME", str(tmp_path / "config"))
    monkeypatch.setenv("HOME", str(tmp_path))


def toml(values: dict[str, Any]) -> str:
    def written(value: Any) -> str:
        return str(value).lower() if isinstance(value, bool) else repr(value)

    return "\n".join(f"{name} = {written(value)}" for name, value in values.items())


def loaded(tmp_path: Path, **layers: dict[str, Any]) -> LoadedSettings:
    """Settings of the layers file, environment and command_line."""
    file = tmp_path / "given.toml"
    file.write_text(toml(layers.get("file", {})), encoding="utf-8")
    environ = {f"QUOTH_{name.upper()}": str(value) for name, value in layers.get("environment", {}).items()}
    return load_settings(layers.get("command_line"), file=file, environ=environ)


def plain(value: object) -> object:
    return value.get_secret_value() if hasattr(value, "get_secret_value") else value


# ---- layers


def test_the_defaults_need_no_file_and_no_environment() -> None:
    found = load_settings(environ={})
    assert found.file is None
    assert set(found.layers.values()) == {"default"}
    assert found.settings.generator == "qwen2.5-coder-1.5b"
    assert found.settings.host == "127.0.0.1"


def test_every_setting_says_what_it_means() -> None:
    assert all(field.description for field in Settings.model_fields.values())


def test_another_value_is_known_for_every_setting() -> None:
    defaults = Settings()
    assert set(OTHER_VALUES) == set(Settings.model_fields)
    assert all(str(getattr(defaults, name)) != str(value) for name, value in OTHER_VALUES.items())


@pytest.mark.parametrize("name", OTHER_VALUES)
@pytest.mark.parametrize("layer", LAYERS)
def test_each_layer_can_give_each_setting(name: str, layer: str, tmp_path: Path) -> None:
    found = loaded(tmp_path, **{layer.replace(" ", "_"): {name: OTHER_VALUES[name]}})
    assert str(plain(getattr(found.settings, name))) == str(OTHER_VALUES[name])
    assert found.layers[name] == layer
    assert {found.layers[other] for other in OTHER_VALUES if other != name} == {"default"}


@pytest.mark.parametrize("given_in", [set(some) for n in range(4) for some in combinations(LAYERS, n)], ids=str)
def test_the_last_layer_that_gives_a_setting_wins(given_in: set[str], tmp_path: Path) -> None:
    values = {"default": 0, "file": 1, "environment": 2, "command line": 3}
    found = loaded(tmp_path, **{layer.replace(" ", "_"): {"threads": values[layer]} for layer in given_in})
    winner = next((layer for layer in reversed(LAYERS) if layer in given_in), "default")
    assert found.layers["threads"] == winner
    assert found.settings.threads == values[winner]


def test_an_option_that_was_not_given_overrides_nothing(tmp_path: Path) -> None:
    found = loaded(tmp_path, file={"threads": 1}, command_line={"threads": None})
    assert (found.settings.threads, found.layers["threads"]) == (1, "file")


def test_the_file_that_was_read_is_told(tmp_path: Path) -> None:
    assert loaded(tmp_path).file == tmp_path / "given.toml"


def test_the_environment_can_name_the_file(tmp_path: Path) -> None:
    file = tmp_path / "named.toml"
    file.write_text("port = 1234")
    assert load_settings(environ={"QUOTH_CONFIG": str(file)}).settings.port == 1234


def test_a_given_file_goes_before_the_environments(tmp_path: Path) -> None:
    (tmp_path / "named.toml").write_text("port = 1234")
    found = load_settings(file=_file(tmp_path, "port = 5"), environ={"QUOTH_CONFIG": str(tmp_path / "named.toml")})
    assert found.settings.port == 5


def test_the_users_own_file_is_read_where_it_usually_is(tmp_path: Path) -> None:
    usual = tmp_path / "config" / "quoth" / "quoth.toml"
    usual.parent.mkdir(parents=True)
    usual.write_text("port = 4321")
    found = load_settings(environ={})
    assert (found.settings.port, found.file) == (4321, usual)


def test_folders_become_absolute(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    settings = load_settings({"data": "here", "models": "~/there"}, environ={}).settings
    assert settings.data == tmp_path / "here"
    assert settings.models == tmp_path / "there"


def test_settings_cannot_be_changed() -> None:
    with pytest.raises(Exception, match="frozen"):
        Settings().threads = 4  # type: ignore[misc]


# ---- offline


@pytest.mark.parametrize(
    ("environ", "offline"),
    [
        ({"HF_HUB_OFFLINE": "1", "PIP_NO_INDEX": "1"}, True),
        ({"HF_HUB_OFFLINE": "1"}, False),
        ({"PIP_NO_INDEX": "true"}, False),
        ({"HF_HUB_OFFLINE": "0", "PIP_NO_INDEX": "1"}, False),
        ({"HF_HUB_OFFLINE": "1", "PIP_NO_INDEX": "1", "QUOTH_OFFLINE": "false"}, False),
    ],
)
def test_other_programs_switches_mean_offline_only_together(environ: dict[str, str], offline: bool) -> None:
    assert load_settings(environ=environ).settings.offline is offline


@pytest.mark.parametrize(("value", "off"), [("1", True), ("ON", True), ("yes", True), ("0", False), ("", False)])
def test_the_hub_alone_can_be_switched_off(value: str, off: bool) -> None:
    assert hub_is_off({"HF_HUB_OFFLINE": value}) is off
    assert hub_is_off({}) is False


# ---- what other libraries read


def test_threads_are_told_to_sleep_unless_that_is_set_already() -> None:
    environ: dict[str, str] = {}
    rest_while_waiting(environ)
    assert set(environ) == {"GOMP_SPINCOUNT"}
    for already in ({"OMP_WAIT_POLICY": "active"}, {"GOMP_SPINCOUNT": "7"}):
        rest_while_waiting(kept := dict(already))
        assert kept == already


def test_the_threads_of_an_assembly_s_models_are_told_before_they_are_there() -> None:
    code = (
        "from assistant.assemble import Assembly; from assistant.settings import load_settings;"
        "Assembly(load_settings({}).settings); import llama_cpp"
    )
    environ = {name: value for name, value in os.environ.items() if not name.startswith(("OMP_", "GOMP_"))}
    environ["OMP_DISPLAY_ENV"] = "VERBOSE"
    told = subprocess.run([sys.executable, "-c", code], env=environ, capture_output=True, text=True, check=True).stderr
    if "GOMP_" not in told:
        pytest.skip("llama.cpp was built without GNU's OpenMP here")
    assert f"GOMP_SPINCOUNT = '{LOOKS}'" in told


# ---- refusals


@pytest.mark.parametrize("layer", LAYERS)
def test_an_unknown_setting_is_refused_with_the_nearest_known_one(layer: str, tmp_path: Path) -> None:
    with pytest.raises(SettingsError) as error:
        loaded(tmp_path, **{layer.replace(" ", "_"): {"evidence_token": 300}})
    message = str(error.value)
    assert 'did you mean "evidence_tokens"?' in message
    assert layer in message
    assert ("QUOTH_EVIDENCE_TOKEN" if layer == "environment" else "evidence_token") in message


@pytest.mark.parametrize("name", Settings.model_fields)
def test_a_setting_with_a_letter_missing_is_recognized(name: str) -> None:
    for at in range(1, len(name)):
        with pytest.raises(SettingsError, match=f'did you mean "{name}"'):
            load_settings({name[:at] + name[at + 1 :]: 1}, environ={})


def test_a_setting_like_no_other_is_pointed_to_the_list() -> None:
    with pytest.raises(SettingsError, match="`quoth settings` lists the known ones"):
        load_settings({"zzzz": 1}, environ={})


def test_the_tests_own_variables_are_no_settings() -> None:
    assert load_settings(environ={"QUOTH_TEST_MODELS": "x"}).layers["models"] == "default"


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("threads", "many"),
        ("threads", "-1"),
        ("port", "70000"),
        ("strictness", "sometimes"),
        ("answers", "sung"),
        ("offline", "perhaps"),
        ("context_tokens", "3.5"),
        ("chunk_tokens", "0"),
        ("answer_tokens", ""),
    ],
)
@pytest.mark.parametrize("layer", LAYERS)
def test_a_bad_value_is_refused_naming_setting_value_and_layer(
    name: str, value: str, layer: str, tmp_path: Path
) -> None:
    with pytest.raises(SettingsError) as error:
        loaded(tmp_path, **{layer.replace(" ", "_"): {name: value}})
    assert f"the setting {name} = {value!r} (from the {layer}) is refused: " in str(error.value)


def _file(tmp_path: Path, text: str) -> Path:
    path = tmp_path / "bad.toml"
    path.write_text(text, encoding="utf-8")
    return path


@pytest.mark.parametrize("text", ["threads = ", "threads = 1\nthreads = 2", "[", "\x00"])
def test_a_file_that_is_no_toml_is_refused_by_name(text: str, tmp_path: Path) -> None:
    with pytest.raises(SettingsError, match=r"bad\.toml cannot be read: .+; mend it or move it away"):
        load_settings(file=_file(tmp_path, text), environ={})


def test_a_file_in_another_encoding_is_refused_by_name(tmp_path: Path) -> None:
    path = tmp_path / "bad.toml"
    path.write_bytes('generator = "modèle"'.encode("latin-1"))
    with pytest.raises(SettingsError, match=r"bad\.toml cannot be read"):
        load_settings(file=path, environ={})


def test_a_table_in_the_file_is_an_unknown_setting(tmp_path: Path) -> None:
    with pytest.raises(SettingsError, match='unknown setting "quoth"'):
        load_settings(file=_file(tmp_path, "[quoth]\nthreads = 1"), environ={})


def test_a_missing_file_is_an_error_only_when_it_was_named(tmp_path: Path) -> None:
    gone = tmp_path / "gone.toml"
    with pytest.raises(SettingsError, match=r"gone\.toml does not exist"):
        load_settings(file=gone, environ={})
    with pytest.raises(SettingsError, match=r"gone\.toml does not exist"):
        load_settings(environ={"QUOTH_CONFIG": str(gone)})


@given(st.dictionaries(st.text(min_size=1, max_size=12), st.one_of(st.none(), st.integers(), st.text(max_size=9))))
def test_anything_given_is_taken_or_refused(overrides: dict[str, Any]) -> None:
    try:
        found = load_settings(overrides, environ={})
    except SettingsError as error:
        assert str(error)
    else:
        assert {name for name, layer in found.layers.items() if layer == "command line"} <= set(overrides)


# ---- the digest


@pytest.mark.parametrize("name", OTHER_VALUES)
def test_the_digest_changes_with_what_can_change_an_answer_and_with_nothing_else(name: str) -> None:
    changed = load_settings({name: OTHER_VALUES[name]}, environ={}).settings
    assert (changed.digest() == Settings().digest()) == (name in NO_ANSWER_CHANGES_WITH)


def test_the_digest_does_not_depend_on_the_layer(tmp_path: Path) -> None:
    values = {name: OTHER_VALUES[name] for name in OTHER_VALUES if name not in {"data", "models"}}
    digests = {loaded(tmp_path, **{layer.replace(" ", "_"): values}).settings.digest() for layer in LAYERS}
    assert len(digests) == 1
    assert len(digests.pop()) == 12


# ---- the secret


def test_the_key_is_never_told() -> None:
    found = load_settings({"endpoint_key": "s3cret"}, environ={})
    told = [str(found), repr(found), str(found.settings), found.settings.model_dump_json(), found.settings.digest()]
    assert not any("s3cret" in text for text in told)
    assert found.settings.endpoint_key is not None
    assert found.settings.endpoint_key.get_secret_value() == "s3cret"


def test_a_refused_key_is_not_told_either(tmp_path: Path) -> None:
    with pytest.raises(SettingsError) as error:
        load_settings(file=_file(tmp_path, "endpoint_key = 31415926"), environ={})
    assert "endpoint_key" in str(error.value)
    assert "31415926" not in f"{error.value} {error.value.__cause__}"
