"""The ingest pipeline: pages of a source become stored articles with chunks, words and vectors.

Knows the order of the steps and what may be skipped; the steps themselves are the source's, the readers', the
chunker's, the embedder's and the store's. What cannot be read is reported and passed over. A batch of articles is one
transaction: whatever ends an ingest early loses the running batch, and the next one goes on from there.
"""

from __future__ import annotations

import hashlib
import logging
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, replace
from datetime import datetime

import numpy as np

from index.chunking import chunk_article
from index.embedding import Embedder, Vectors
from index.errors import IndexingError, SourceUnreadable
from index.readers import Draft, read_page
from index.sources import Source
from index.store import Entry, Store
from index.types import (
    Article,
    Chunk,
    ChunkingSettings,
    IngestProgress,
    IngestReport,
    RawPage,
    SkippedSource,
)

log = logging.getLogger(__name__)

Clock = Callable[[], datetime]
ProgressCall = Callable[[IngestProgress], None]

_BATCH_CHUNKS = 64
"""Chunks a transaction: three seconds of work on two cores, and some thousand tiny files a minute."""
_BATCH_TOUCHED = 1000


class Ingester:
    """Fills and empties one store. One writer at a time over all processes: another one raises IndexBusy."""

    def __init__(
        self,
        store: Store,
        embedder: Embedder,
        chunking: ChunkingSettings,
        clock: Clock,
        read: Callable[[RawPage], Draft] = read_page,
        lock_seconds: float = 5.0,
    ) -> None:
        self._store = store
        self._embedder = embedder
        self._chunking = chunking
        self._clock = clock
        self._read = read
        self._lock_seconds = lock_seconds

    def add(self, source: Source, progress: ProgressCall | None = None, remove_vanished: bool = False) -> IngestReport:
        """Bring the store up to date with a source.

        An article whose source vanished stays, and is reported, unless `remove_vanished`. One whose source can no
        longer be read stays too. Raises IndexMismatch, IndexBusy, StorageFull; what was stored until then is kept.
        """
        with self._store.writing(self._lock_seconds):
            self._store.require(self._embedder.name, chunking=self._chunking)
            # 1. What the source has, and what is stored of it.
            listed = tuple(source.uris())
            uris = [uri for uri in listed if isinstance(uri, str)]
            skipped = [skip for skip in listed if isinstance(skip, SkippedSource)]
            stored = self._store.revisions()
            run = self._run(len(uris), progress, skipped)
            # 2. Each page: unchanged, or read, cut, embedded and stored, batch by batch.
            for uri in uris:
                try:
                    self._take(run, source, uri, stored.get(uri))
                except SourceUnreadable as error:
                    run.failed[uri] = str(error)
                run.examined(uri)
            run.flush()
            # 3. What is stored but gone, and what could not be read.
            present = {*uris, *run.failed}
            gone = [uri for uri in stored if uri not in present and source.covers(uri)]
            if remove_vanished and gone:
                run.removed, gone = self._store.remove(map(article_id, gone)), []
            self._note_failures(run, source)
            return run.report(gone)

    def rebuild(self, progress: ProgressCall | None = None) -> IngestReport:
        """Cut and embed every stored article anew with the running settings, from its stored text: no source is read.

        One transaction: until it is done, and if it never is, the index stays what it was.
        """
        with self._store.writing(self._lock_seconds), self._store.transaction():
            articles = self._store.articles()
            run = self._run(len(articles), progress, anew=True)
            revisions = self._store.revisions()
            for info in articles:
                if article := self._store.article(info.id):
                    run.stage(article, revisions[info.uri])
                    run.updated.append(info.uri)
                run.examined(info.uri)
            run.flush()
            return run.report(())

    def remove(self, article_ids: Iterable[str]) -> tuple[str, ...]:
        """Remove articles; the URIs of those that were there. Their sources stay where they are."""
        with self._store.writing(self._lock_seconds):
            return self._store.remove(article_ids)

    def _run(
        self, total: int, progress: ProgressCall | None, skipped: Iterable[SkippedSource] = (), anew: bool = False
    ) -> _Run:
        failed = {skip.uri: skip.reason for skip in skipped}
        return _Run(self._store, self._embedder, self._chunking, self._clock, progress, total, failed, anew)

    def _take(self, run: _Run, source: Source, uri: str, stored_revision: str | None) -> None:
        if stored_revision is not None and source.revision(uri) == stored_revision:
            run.unchanged.append(uri)
            return
        page = source.read(uri)
        article = _article(uri, self._read(page), self._clock())
        if stored_revision is None:
            run.stage(article, page.revision)
            run.added.append(uri)
        elif _same(article, self._store.article(article.id)):
            run.touch(uri, page.revision)
            run.unchanged.append(uri)
        else:
            run.stage(article, page.revision)
            run.updated.append(uri)

    def _note_failures(self, run: _Run, source: Source) -> None:
        known = {failure.uri: failure.reason for failure in self._store.failures()}
        settled = {*run.added, *run.updated, *run.unchanged}
        over = [uri for uri in known if uri not in run.failed and (uri in settled or source.covers(uri))]
        if over or known != {**known, **run.failed}:
            self._store.note_failures(run.failed, over)


@dataclass(frozen=True, slots=True)
class _Staged:
    """An article that waits for its vectors; `texts` is what the embedder will be given, chunk by chunk."""

    article: Article
    revision: str
    chunks: tuple[Chunk, ...]
    texts: tuple[str, ...]


class _Run:
    """One ingest under way: the batch that waits, and what has been done so far."""

    def __init__(
        self,
        store: Store,
        embedder: Embedder,
        chunking: ChunkingSettings,
        clock: Clock,
        progress: ProgressCall | None,
        total: int,
        failed: dict[str, str],
        anew: bool,
    ) -> None:
        self.added: list[str] = []
        self.updated: list[str] = []
        self.unchanged: list[str] = []
        self.removed: tuple[str, ...] = ()
        self.failed = failed
        self._store = store
        self._embedder = embedder
        self._chunking = chunking
        self._clock = clock
        self._progress = progress
        self._total = total
        self._claim_anew = anew
        self._claimed = False
        self._started = clock()
        self._uri = ""
        self._examined = 0
        self._chunks = 0
        self._embedded = 0
        self._staged: list[_Staged] = []
        self._touched: dict[str, str] = {}

    def stage(self, article: Article, revision: str) -> None:
        """Cut an article and have it wait; a full batch is embedded and stored. Raises SourceUnreadable."""
        chunks = chunk_article(article, self._chunking, self._embedder.count_tokens)
        if not chunks:
            raise SourceUnreadable("has no text")
        texts = _embedder_texts(article.title, chunks, self._chunking.chunk_tokens, self._embedder)
        self._staged.append(_Staged(article, revision, chunks, texts))
        if sum(len(staged.chunks) for staged in self._staged) >= _BATCH_CHUNKS:
            self.flush()

    def touch(self, uri: str, revision: str) -> None:
        self._touched[uri] = revision
        if len(self._touched) >= _BATCH_TOUCHED:
            self.flush()

    def flush(self) -> None:
        """Embed and store all that waits."""
        if not self._staged and not self._touched:
            return
        vectors = self._vectors([text for staged in self._staged for text in staged.texts])
        with self._store.transaction():
            self._claim()
            for staged in self._staged:
                inputs = tuple(map(self._input, staged.texts))
                rows = np.stack([vectors[given] for given in inputs])
                self._store.put(Entry(staged.article, staged.revision, staged.chunks, inputs, rows))
            for uri, revision in self._touched.items():
                self._store.touch(uri, revision)
        log.info("batch stored articles=%d chunks=%d", len(self._staged), len(vectors))
        self._staged, self._touched = [], {}
        self._tell()

    def examined(self, uri: str) -> None:
        self._uri = uri
        self._examined += 1
        self._tell()

    def report(self, vanished: Sequence[str]) -> IngestReport:
        report = IngestReport(
            added=tuple(self.added),
            updated=tuple(self.updated),
            unchanged=tuple(self.unchanged),
            removed=self.removed,
            vanished=tuple(vanished),
            failed=tuple(SkippedSource(uri, reason) for uri, reason in self.failed.items()),
            chunks=self._chunks,
            embedded=self._embedded,
            seconds=self._seconds(),
        )
        log.info(
            "ingest done added=%d updated=%d unchanged=%d failed=%d chunks=%d embedded=%d seconds=%.1f",
            *map(len, (report.added, report.updated, report.unchanged, report.failed)),
            *(report.chunks, report.embedded, report.seconds),
        )
        return report

    def _vectors(self, texts: Sequence[str]) -> dict[bytes, Vectors]:
        """The vector of each text by the digest of it, computed only for what was never embedded before."""
        wanted = {self._input(text): text for text in texts}
        vectors = self._store.known_vectors(tuple(wanted))
        missing = [given for given in wanted if given not in vectors]
        self._chunks += len(texts) - len(missing)
        for first in range(0, len(missing), _BATCH_CHUNKS):
            batch = missing[first : first + _BATCH_CHUNKS]
            vectors |= zip(batch, self._embedder.embed_documents([wanted[given] for given in batch]), strict=True)
            self._embedded += len(batch)
            self._chunks += len(batch)
            self._tell()
        return vectors

    def _input(self, text: str) -> bytes:
        return hashlib.sha256(f"{self._embedder.name}\n{text}".encode()).digest()

    def _claim(self) -> None:
        if self._staged and not self._claimed:
            self._store.claim(self._embedder.name, self._embedder.dimension, self._chunking, self._claim_anew)
            self._claimed = True

    def _tell(self) -> None:
        if self._progress:
            self._progress(IngestProgress(self._uri, self._examined, self._total, self._chunks, self._seconds()))

    def _seconds(self) -> float:
        return (self._clock() - self._started).total_seconds()


def article_id(uri: str) -> str:
    """The same for good for one place, so that citations outlive changes of the article."""
    return "a" + hashlib.sha256(uri.encode()).hexdigest()[:12]


def _embedder_texts(title: str, chunks: Sequence[Chunk], chunk_tokens: int, embedder: Embedder) -> tuple[str, ...]:
    """What the embedder is given for each chunk: the title, shortened to the room beside a full chunk, and the text.

    A passage seldom names what its article is about; its vector should. Raises IndexingError when the embedder's
    window is shorter than a chunk.
    """
    room = embedder.max_tokens - chunk_tokens
    if room < 0:
        raise IndexingError(
            f"Chunks of {chunk_tokens} tokens do not fit the embedder {embedder.name!r}, which reads"
            f" {embedder.max_tokens}. Set chunk_tokens to {embedder.max_tokens} or less."
        )
    carried = _beginning(title, room, embedder)
    return tuple(f"{carried}\n{chunk.text}" if carried else chunk.text for chunk in chunks)


def _beginning(title: str, room: int, embedder: Embedder) -> str:
    """As many whole words of the title as fit."""
    words = title.split()
    for count in range(min(len(words), room), 0, -1):
        beginning = " ".join(words[:count])
        if embedder.count_tokens([beginning])[0] <= room:
            return beginning
    return ""


def _article(uri: str, draft: Draft, now: datetime) -> Article:
    try:
        digest = hashlib.sha256(draft.text.encode()).hexdigest()
    except UnicodeEncodeError as error:
        raise SourceUnreadable("holds code points that are no characters; save it as UTF-8") from error
    return Article(
        id=article_id(uri),
        uri=uri,
        title=draft.title,
        text=draft.text,
        digest=digest,
        published=draft.published,
        published_from=draft.published_from,
        language=draft.language,
        url=draft.url,
        source=draft.source,
        added=now,
    )


def _same(article: Article, stored: Article | None) -> bool:
    return stored is not None and replace(article, added=stored.added) == stored
