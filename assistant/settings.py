"""All settings: typed, one default in one place, each with where its value came from.

The only reader of the environment. Knows no back end and opens nothing but the settings file. A later layer wins:
default < file < environment < command line. An unknown name is refused with the nearest known one.
"""

from __future__ import annotations

import difflib
import hashlib
import json
import os
import tomllib
from collections.abc import Mapping, MutableMapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Literal

import platformdirs
from pydantic import BaseModel, ConfigDict, Field, SecretStr, ValidationError, field_validator

from assistant.errors import SettingsError
from assistant.kernels import Weights

PREFIX = "QUOTH_"
LOOKS = 300
Layer = Literal["default", "file", "environment", "command line"]
Strictness = Literal["off", "strict", "balanced", "eager"]
EmbedderRuntime = Literal["auto", "onnx", "torch"]
Wording = Literal["quoted", "written"]


class Settings(BaseModel):
    """What is in force. Frozen; every field has its default and its reason here and nowhere else."""

    model_config = ConfigDict(frozen=True, extra="forbid", hide_input_in_errors=True)

    data: Path = Field(
        default_factory=lambda: Path(platformdirs.user_data_dir("quoth", appauthor=False)),
        description="the folder that holds the index, your conversations and the files given to the page: safe to copy",
    )
    models: Path = Field(
        default_factory=lambda: Path(platformdirs.user_cache_dir("quoth", appauthor=False)) / "models",
        description="the folder that holds downloaded models",
    )
    offline: bool = Field(False, description="never use the network, not even to fetch a model")
    generator: str = Field(
        "qwen2.5-coder-1.5b",
        description="the language model: a name from `quoth models list`, a .gguf file, or an http(s) endpoint",
    )
    endpoint_model: str = Field("default", description="the model to ask for, when generator is an endpoint")
    endpoint_key: SecretStr | None = Field(None, description="the endpoint's API key, if it wants one")
    embedder: str = Field(
        "all-minilm-l6-v2",
        description="the embedding model: a name from `quoth models list` or a sentence-transformers folder",
    )
    embedder_runtime: EmbedderRuntime = Field(
        "auto",
        description='how the embedding model runs: "onnx" (8 bits, fast), "torch" (32 bits), or "auto": onnx if it can',
    )
    threads: int = Field(0, ge=0, le=256, description="threads for the models; 0 takes every core this process may use")
    context_tokens: int = Field(4096, ge=64, le=1_000_000, description="the language model's context, in tokens")
    answer_tokens: int = Field(220, ge=16, le=8192, description="the longest answer, in tokens")
    chunk_tokens: int = Field(230, ge=32, le=2048, description="the longest chunk, in the embedder's tokens")
    overlap_tokens: int = Field(40, ge=0, le=512, description="what neighbouring chunks share, in tokens")
    candidates: int = Field(40, ge=1, le=1000, description="how many chunks are looked at for a question")
    evidence_tokens: int = Field(
        350, ge=50, le=100_000, description="how much evidence is shown, in the model's tokens"
    )
    evidence_passages: int = Field(6, ge=1, le=50, description="into how many passages that evidence may be divided")
    resume_evidence: bool = Field(
        False,
        description="let a follow-up go on with the passages of the answer before it, which the model has read: "
        "sooner, but measured on few conversations",
    )
    entailment: str = Field(
        "",
        description="the folder of a cross-encoder that tells whether one text entails another, which then helps to "
        "check each sentence of an answer; empty for none",
    )
    reranker: str = Field(
        "words-and-meaning",
        description='what scores sentences for the evidence: "words-and-meaning", "none" to keep the order of the '
        "search, or the folder of a sentence-transformers cross-encoder",
    )
    weights: Weights = Field(
        "packed",
        description='how a language model in this process holds its weights: "packed" anew at loading where that is '
        'safe, or "mapped" as they lie in the file, which some processors read faster; `quoth doctor --tune` tells',
    )
    remembered_grades: int = Field(
        2000,
        ge=0,
        le=1_000_000,
        description="how many yes-or-no answers of the model are remembered until Quoth ends, so that what is asked "
        "again is answered at once; 0 for none",
    )
    strictness: Strictness = Field(
        "balanced",
        description='how sure Quoth must be to answer: "strict", "balanced", "eager", or "off" to always answer',
    )
    answers: Wording = Field(
        "quoted",
        description='how questions are answered: "quoted", by sentences of the articles that the model chooses, or '
        '"written" by the model; a yes or no is always quoted',
    )
    question_words: int = Field(400, ge=10, le=100_000, description="the longest question accepted, in words")
    file_bytes: int = Field(64 * 2**20, ge=1024, description="the largest file accepted, in bytes")
    web_pages: bool = Field(False, description="let the page fetch an article from a web address that is given to it")
    host: str = Field("127.0.0.1", description="the address the page listens on")
    port: int = Field(0, ge=0, le=65535, description="the page's port; 0 takes the first free one from 7860 on")
    user: str | None = Field(None, description="who may open the page; without one, only this machine can reach it")
    password: SecretStr | None = Field(None, description="that user's password, at least 8 characters")

    @field_validator("data", "models", mode="before")
    @classmethod
    def _named(cls, given: object) -> object:
        """An empty path would be the folder one is in, which nobody means who set a variable to nothing."""
        if given == "":
            raise ValueError("an empty path names no folder; name one, or leave the setting out")
        return given

    def digest(self) -> str:
        """Twelve hex digits naming the settings that can change an answer."""
        values = self.model_dump(mode="json", exclude=set(_NO_ANSWER_CHANGES_WITH))
        return hashlib.sha256(json.dumps(values, sort_keys=True).encode()).hexdigest()[:12]


_NO_ANSWER_CHANGES_WITH = (
    "data models offline endpoint_key threads host port user password file_bytes web_pages resume_evidence "
    "remembered_grades".split()
)  # no evaluated answer changes with resume_evidence: what a dataset's history was drawn from is not known


@dataclass(frozen=True, slots=True)
class LoadedSettings:
    """Settings with the layer each value came from and the file that was read, if any."""

    settings: Settings
    layers: Mapping[str, Layer]
    file: Path | None


def load_settings(
    overrides: Mapping[str, Any] | None = None,
    *,
    file: Path | None = None,
    environ: Mapping[str, str] | None = None,
) -> LoadedSettings:
    """Merge the layers into one `Settings`.

    `overrides` is the command line; its None values mean "not given". `file` must exist when given; without it,
    QUOTH_CONFIG or the user's quoth.toml is read if there. Raises SettingsError naming the setting and the layer.
    """
    env = os.environ if environ is None else environ
    path = _settings_file(file, env)
    layered: dict[Layer, dict[str, Any]] = {
        "file": _read_file(path) if path else {},
        "environment": _from_environment(env),
        "command line": {k: v for k, v in (overrides or {}).items() if v is not None},
    }
    values: dict[str, Any] = {}
    layers: dict[str, Layer] = dict.fromkeys(Settings.model_fields, "default")
    for layer, given in layered.items():
        _refuse_unknown(given, layer, path)
        values |= given
        layers |= dict.fromkeys(given, layer)
    try:
        settings = Settings.model_validate(values)
    except ValidationError as error:
        raise SettingsError(_explain(error, layers)) from error
    return LoadedSettings(_with_absolute_paths(settings), layers, path)


def _settings_file(given: Path | None, env: Mapping[str, str]) -> Path | None:
    named = given or (Path(env[PREFIX + "CONFIG"]) if env.get(PREFIX + "CONFIG") else None)
    if named is None:
        usual = Path(platformdirs.user_config_dir("quoth", appauthor=False)) / "quoth.toml"
        return usual if usual.is_file() else None
    if not named.is_file():
        raise SettingsError(f"the settings file {named} does not exist; create it or leave --config / QUOTH_CONFIG out")
    return named


def _read_file(path: Path) -> dict[str, Any]:
    try:
        return tomllib.loads(path.read_text(encoding="utf-8"))
    except (OSError, UnicodeDecodeError, tomllib.TOMLDecodeError) as error:
        raise SettingsError(f"the settings file {path} cannot be read: {error}; mend it or move it away") from error


def _from_environment(env: Mapping[str, str]) -> dict[str, Any]:
    """QUOTH_THREADS=2 and the like; of other programs' switches only those that mean "stay offline"."""
    given = {
        name.removeprefix(PREFIX).lower(): value
        for name, value in env.items()
        if name.startswith(PREFIX) and name != PREFIX + "CONFIG" and not name.startswith(PREFIX + "TEST_")
    }
    if "offline" not in given and _is_on(env.get("HF_HUB_OFFLINE")) and _is_on(env.get("PIP_NO_INDEX")):
        given["offline"] = "true"
    return given


def _is_on(value: str | None) -> bool:
    return (value or "").strip().lower() in {"1", "true", "yes", "on"}


def hub_is_off(environ: Mapping[str, str] | None = None) -> bool:
    """Whether the model hub alone is switched off (HF_HUB_OFFLINE), as its own tools understand it."""
    return _is_on((os.environ if environ is None else environ).get("HF_HUB_OFFLINE"))


def rest_while_waiting(environ: MutableMapping[str, str] | None = None) -> None:
    """Let OpenMP's threads sleep once they have looked some hundred times whether the others are done.

    By default they look 300,000 times, at each of the thousand operations of a batch, on a core that whoever is waited
    for may need. GNU's OpenMP reads this when a library brings it in, so it is said before. What is set already stays.
    """
    env = os.environ if environ is None else environ
    if "OMP_WAIT_POLICY" not in env:
        env.setdefault("GOMP_SPINCOUNT", str(LOOKS))


def _refuse_unknown(given: Mapping[str, Any], layer: Layer, path: Path | None) -> None:
    known = list(Settings.model_fields)
    for name in given:
        if name in known:
            continue
        near = difflib.get_close_matches(name, known, n=1, cutoff=0.5)
        hint = f'did you mean "{near[0]}"?' if near else "`quoth settings` lists the known ones"
        where = f"the settings file {path}" if layer == "file" else f"the {layer}"
        shown = PREFIX + name.upper() if layer == "environment" else name
        raise SettingsError(f'unknown setting "{shown}" in {where}; {hint}')


def _explain(error: ValidationError, layers: Mapping[str, Layer]) -> str:
    first = error.errors()[0]
    name = str(first["loc"][0])
    value = "***" if name in {"endpoint_key", "password"} else repr(first["input"])
    return f"the setting {name} = {value} (from the {layers[name]}) is refused: {first['msg']}"


def _with_absolute_paths(settings: Settings) -> Settings:
    return settings.model_copy(
        update={"data": settings.data.expanduser().absolute(), "models": settings.models.expanduser().absolute()}
    )
