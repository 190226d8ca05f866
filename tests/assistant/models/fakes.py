"""Small models of bytes, and sources that give them, break off or fail."""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Generator, Mapping, Sequence
from pathlib import Path

from assistant.models import Catalogue, Hub, ModelEntry, ModelFile, ModelStore, Piece, Source, SourceFailed, Wheels

GGUF = b"GGUF" + bytes(range(256)) * 12
FOLDER = {
    "config.json": b"{}",
    "model.safetensors": b"weights" * 99,
    "modules.json": b"[]",
    "1_Pooling/config.json": b"p",
}


def sha256(data: bytes) -> str:
    return hashlib.sha256(data).hexdigest()


def gguf_entry(data: bytes = GGUF, part_bytes: int | None = None, name: str = "tiny") -> ModelEntry:
    parts = -(-len(data) // part_bytes) if part_bytes else 1
    member = "tiny_part{part}/data/part{part:02}.bin"
    return ModelEntry(
        name=name,
        role="generator",
        kind="gguf",
        licence="Apache-2.0",
        description="",
        files=(ModelFile(path=f"{name}.gguf", size=len(data), sha256=sha256(data)),),
        hub=Hub(repo="them/tiny-GGUF", revision="abc"),
        wheels=Wheels(package="tiny-part{part}", version="1.0", member=member, parts=parts, part_bytes=part_bytes),
    )


def folder_entry(content: Mapping[str, bytes] = FOLDER) -> ModelEntry:
    return ModelEntry(
        name="mini",
        role="embedder",
        kind="folder",
        licence="Apache-2.0",
        description="",
        files=tuple(ModelFile(path=path, size=len(data), sha256=sha256(data)) for path, data in content.items()),
        hub=Hub(repo="them/mini"),
        wheels=Wheels(package="mini", version="1.0", member="mini/model/{path}"),
    )


class FakeSource:
    """Gives `content`, `step` bytes at a time; before the piece that would pass `breaks_at` bytes it raises `error`."""

    def __init__(
        self,
        content: Mapping[str, bytes],
        name: str = "fake",
        step: int = 100,
        breaks_at: int | None = None,
        error: BaseException | None = None,
    ) -> None:
        self.name = name
        self.asked: list[dict[str, int]] = []
        self._content = content
        self._step = step
        self._breaks_at = breaks_at
        self._error = error or SourceFailed("connection lost")

    def fetch(
        self, entry: ModelEntry, have: Mapping[str, int], scratch: Path, report: Callable[[int], None]
    ) -> Generator[Piece, None, None]:
        self.asked.append(dict(have))
        given = 0
        for path, start in have.items():
            for at in range(start, len(self._content[path]), self._step):
                data = self._content[path][at : at + self._step]
                if self._breaks_at is not None and given + len(data) > self._breaks_at:
                    raise self._error
                given += len(data)
                yield Piece(path, data)


def unreachable(name: str = "model hub") -> FakeSource:
    return FakeSource({"tiny.gguf": GGUF}, name, breaks_at=0, error=SourceFailed("no route to host"))


def store(directory: Path, *sources: Source, entries: Sequence[ModelEntry] = (gguf_entry(),)) -> ModelStore:
    return ModelStore(directory, Catalogue(models=tuple(entries)), sources=sources)


def stages(ask: Callable[..., object], name: str) -> set[str]:
    seen: set[str] = set()
    ask(name, lambda stage, done, total: seen.add(stage))
    return seen
