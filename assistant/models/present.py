"""A model that lies here, of the catalogue or of the user: which files are it, and whether they are what they were.

Knows what a GGUF file and a sentence-transformers folder look like from outside. Loads neither, remembers nothing.
"""

from __future__ import annotations

import contextlib
import shlex
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path

from assistant.errors import ModelCorrupt, ModelMissing
from assistant.models.catalogue import Kind, ModelEntry, Role, digest
from assistant.models.ledger import Seen


@dataclass(frozen=True, slots=True)
class LocatedModel:
    """A model that is here and has the content it should. `sha256` of a folder is the digest over its files."""

    name: str
    path: Path
    sha256: str
    role: Role


@dataclass(frozen=True, slots=True)
class VerifyReport:
    """A model, compared.

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


@dataclass(frozen=True, slots=True)
class Present:
    """The files of a model that is here. `pinned` is each one's hash by the catalogue."""

    name: str
    path: Path
    role: Role
    kind: Kind
    files: Mapping[str, Path]
    pinned: Mapping[str, str] | None
    remedy: str

    def located(self, seen: Mapping[str, Seen]) -> LocatedModel:
        return LocatedModel(self.name, self.path, digest(self.kind, _hashes(seen)), self.role)

    def compared(self, seen: Mapping[str, Seen], known: Mapping[str, Seen]) -> VerifyReport:
        """What was just `seen` against the catalogue, or else against what was `known` of it."""
        found = _hashes(seen)
        expected = self.pinned or _hashes(known)
        names = sorted(found.keys() | expected.keys()) if expected else []
        changed = tuple(name for name in names if found.get(name) != expected.get(name))
        whole = digest(self.kind, expected) if expected else None
        remedy = self.remedy if changed else ""
        return VerifyReport(self.name, self.path, digest(self.kind, found), whole, changed, remedy)


def _hashes(seen: Mapping[str, Seen]) -> dict[str, str]:
    return {name: file.sha256 for name, file in seen.items()}


def of_catalogue(entry: ModelEntry, directory: Path) -> Present:
    path = entry.location(directory)
    pinned = {file.path: file.sha256 for file in entry.files}
    remedy = f"move it away and run `quoth models pull {entry.name}`"
    return Present(entry.name, path, entry.role, entry.kind, entry.paths(directory), pinned, remedy)


def of_user(given: str, path: Path) -> Present | None:
    """The user's own file or folder at `path`, which they call `given`; None where neither is.

    Raises ModelCorrupt for what is no model, before gigabytes of it are read.
    """
    remedy = f"if you changed it, run `quoth models verify {shlex.quote(given)} --accept`; if not, restore it"
    with readable(path):
        if path.is_dir():
            return Present(path.name, path, "embedder", "folder", _embedder_files(path), None, remedy)
        if path.is_file():
            _refuse_no_gguf(path)
            return Present(path.stem, path, "generator", "gguf", {path.name: path}, None, remedy)
    return None


def _embedder_files(folder: Path) -> dict[str, Path]:
    """Every file under `folder` but hidden ones (.git, .cache), by its path with forward slashes."""
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
def readable(path: Path) -> Iterator[None]:
    """Translate what the system says when a model or its directory cannot be read."""
    try:
        yield
    except OSError as error:
        raise ModelMissing(f"{path} cannot be read: {error}; check its permissions and its disk") from error
