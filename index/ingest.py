"""The ingest pipeline: pages of a source become stored articles with chunks, words and vectors.

Knows the order of the steps and what may be skipped; the steps themselves are the source's, the readers', the
chunker's, the embedder's and the store's. What cannot be read is reported and passed over. A batch of articles is one
transaction: whatever ends an ingest early loses the running batch, and the next one goes on from there.
"""

from __future__ import annotations

import hashlib
import logging
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import date, datetime, timedelta

import numpy as np

from index.changes import Changes, changes
from index.chunking import chunk_article
from index.embedding import Embedder, Vectors
from index.errors import IndexingError, SourceUnreadable
from index.readers import Draft, read_page
from index.roots import UNKNOWN
from index.sources import Source
from index.store import Entry, Store
from index.types import (
    Article,
    Chunk,
    ChunkingSettings,
    IngestProgress,
    IngestReport,
    RawPage,
    ReadingStage,
    Root,
    SkippedSource,
)

log = logging.getLogger(__name__)

Clock = Callable[[], datetime]
ProgressCall = Callable[[IngestProgress], None]

_BATCH_CHUNKS = 64
"""Chunks a transaction: three seconds of work on two cores, and some thousand tiny files a minute."""
_BATCH_TOUCHED = 1000
_TIME_ZONES = timedelta(days=1)
"""It may be tomorrow already where an article was published."""


@dataclass(frozen=True, slots=True)
class _Means:
    """What every ingest into one store works with."""

    store: Store
    embedder: Embedder
    chunking: ChunkingSettings
    clock: Clock


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
        self._means = _Means(store, embedder, chunking, clock)
        self._store = store
        self._read = read
        self._lock_seconds = lock_seconds

    def add(self, source: Source, progress: ProgressCall | None = None, remove_vanished: bool = False) -> IngestReport:
        """Bring the store up to date with a source, and remember the source's roots.

        An article whose source vanished stays, and is reported, unless `remove_vanished`. One whose source can no
        longer be read, or be looked for, stays too. Raises IndexMismatch, IndexBusy, StorageFull; what was stored
        until then is kept.
        """
        with self._store.writing(self._lock_seconds):
            self._store.require(self._means.embedder.name, chunking=self._means.chunking)
            # 1. What the source has, against what is stored of it.
            found = changes(source, self._store.revisions())
            total = sum(map(len, (found.new, found.changed, found.unchanged, found.failed)))
            run = _Run(self._means, total, progress)
            run.take_over(found)
            roots = source.roots()
            self._store.note_roots([root for root in roots if root.mark])
            # 2. Each page that is new or may have changed: read, cut, embedded and stored, batch by batch.
            for uri in (*found.new, *found.changed):
                run.begin(uri)
                try:
                    self._take(run, source, uri)
                except SourceUnreadable as error:
                    run.failed[uri] = str(error)
                run.done()
            run.flush()
            # 3. What is stored but gone, and what could not be read.
            if remove_vanished and found.gone:
                run.removed = self._store.remove(map(article_id, found.gone))
            self._store.note_roots(roots)
            self._note_failures(run, source)
            return run.report(() if remove_vanished else found.gone, found.unreachable)

    def sync(self, source: Source, progress: ProgressCall | None = None) -> IngestReport:
        """Bring the store in line with a source: like `add`, and what is gone from the source is removed."""
        return self.add(source, progress, remove_vanished=True)

    def rebuild(self, progress: ProgressCall | None = None) -> IngestReport:
        """Cut and embed every stored article anew with the running settings, from its stored text: no source is read.

        One transaction: until it is done, and if it never is, the index stays what it was.
        """
        with self._store.writing(self._lock_seconds), self._store.transaction():
            articles = self._store.articles()
            run = _Run(self._means, len(articles), progress, anew=True)
            revisions = self._store.revisions()
            for info in articles:
                run.begin(info.uri)
                if article := self._store.article(info.id):
                    run.stage(article, revisions[info.uri])
                    run.updated.append(info.uri)
                run.done()
            run.flush()
            return run.report()

    def remove(self, article_ids: Iterable[str]) -> tuple[str, ...]:
        """Remove articles; the URIs of those that were there. Their sources stay where they are.

        One that was added by itself is not come back to; one of a folder is new to the next sync of that folder.
        """
        with self._store.writing(self._lock_seconds), self._store.transaction():
            removed = self._store.remove(article_ids)
            self._store.note_roots([Root(uri, None) for uri in removed])
            return removed

    def _take(self, run: _Run, source: Source, uri: str) -> None:
        page = source.read(uri)
        article, doubt = _article(uri, self._read(page), self._means.clock())
        stored = self._store.article(article.id)
        if _same(article, stored):
            run.touch(uri, page.revision)
            return
        run.stage(article, page.revision)
        (run.updated if stored else run.added).append(uri)
        if doubt:
            run.doubted.append(SkippedSource(uri, doubt))

    def _note_failures(self, run: _Run, source: Source) -> None:
        """Keep why sources could not be read. What does not exist is none: it is told once, by the report."""
        known = {failure.uri: failure.reason for failure in self._store.failures()}
        failed = {uri: reason for uri, reason in run.failed.items() if reason != UNKNOWN}
        settled = {*run.added, *run.updated, *run.unchanged, *(uri for uri in known if known[uri] == UNKNOWN)}
        over = [uri for uri in known if uri not in failed and (uri in settled or source.absence(uri) == "gone")]
        if over or known != {**known, **failed}:
            self._store.note_failures(failed, over)


def preview(store: Store, source: Source, clock: Clock, read: Callable[[RawPage], Draft] = read_page) -> IngestReport:
    """What `Ingester.sync` would do now. Reads what is new or may have changed; embeds and writes nothing."""
    begun = clock()
    found = changes(source, store.revisions())
    told: dict[str, list[str]] = {"added": [], "updated": [], "unchanged": list(found.unchanged)}
    failed, doubted = dict(found.failed), []
    for uri in (*found.new, *found.changed):
        try:
            article, doubt = _article(uri, read(source.read(uri)), clock())
        except SourceUnreadable as error:
            failed[uri] = str(error)
            continue
        stored = store.article(article.id)
        told["unchanged" if _same(article, stored) else "updated" if stored else "added"].append(uri)
        doubted += [SkippedSource(uri, doubt)] if doubt else []
    return IngestReport(
        added=tuple(told["added"]),
        updated=tuple(told["updated"]),
        unchanged=tuple(told["unchanged"]),
        removed=found.gone,
        vanished=(),
        failed=_skipped(failed),
        chunks=0,
        embedded=0,
        seconds=(clock() - begun).total_seconds(),
        unreachable=found.unreachable,
        doubted=tuple(doubted),
    )


@dataclass(frozen=True, slots=True)
class _Staged:
    """An article that waits for its vectors; `texts` is what the embedder will be given, chunk by chunk."""

    article: Article
    revision: str
    chunks: tuple[Chunk, ...]
    texts: tuple[str, ...]


class _Run:
    """One ingest under way: the batch that waits, and what has been done so far."""

    def __init__(self, means: _Means, total: int, progress: ProgressCall | None, anew: bool = False) -> None:
        self.added: list[str] = []
        self.updated: list[str] = []
        self.unchanged: list[str] = []
        self.removed: tuple[str, ...] = ()
        self.failed: dict[str, str] = {}
        self.doubted: list[SkippedSource] = []
        self._means = means
        self._progress = progress
        self._total = total
        self._claim_anew = anew
        self._claimed = False
        self._started = means.clock()
        self._uri = ""
        self._stage: ReadingStage = "reading"
        self._done = 0
        self._cut = 0
        self._chunks = 0
        self._embedded = 0
        self._staged: list[_Staged] = []
        self._touched: dict[str, str] = {}

    def take_over(self, found: Changes) -> None:
        """Count as done what needs no reading."""
        self.failed |= found.failed
        self.unchanged += found.unchanged
        self._done += len(found.unchanged)
        for uri in found.failed:
            self._uri = uri
            self.done()

    def begin(self, uri: str) -> None:
        self._uri, self._stage = uri, "reading"
        self._tell()

    def done(self) -> None:
        self._done += 1
        self._stage = "failed" if self._uri in self.failed else "read"
        self._tell()

    def stage(self, article: Article, revision: str) -> None:
        """Cut an article and have it wait; a full batch is embedded and stored. Raises SourceUnreadable."""
        chunking, embedder = self._means.chunking, self._means.embedder
        chunks = chunk_article(article, chunking, embedder.count_tokens)
        if not chunks:
            raise SourceUnreadable("has no text")
        texts = _embedder_texts(article.title, chunks, chunking.chunk_tokens, embedder)
        self._staged.append(_Staged(article, revision, chunks, texts))
        self._cut += len(chunks)
        if sum(len(staged.chunks) for staged in self._staged) >= _BATCH_CHUNKS:
            self.flush()

    def touch(self, uri: str, revision: str) -> None:
        """Note that a page of a new revision says what is stored."""
        self.unchanged.append(uri)
        self._touched[uri] = revision
        if len(self._touched) >= _BATCH_TOUCHED:
            self.flush()

    def flush(self) -> None:
        """Embed and store all that waits."""
        if not self._staged and not self._touched:
            return
        store = self._means.store
        vectors = self._vectors([text for staged in self._staged for text in staged.texts])
        with store.transaction():
            self._claim()
            for staged in self._staged:
                inputs = tuple(map(self._input, staged.texts))
                rows = np.stack([vectors[given] for given in inputs])
                store.put(Entry(staged.article, staged.revision, staged.chunks, inputs, rows))
            for uri, revision in self._touched.items():
                store.touch(uri, revision)
        log.info("batch stored articles=%d chunks=%d", len(self._staged), len(vectors))
        self._staged, self._touched = [], {}
        self._tell()

    def report(self, vanished: Sequence[str] = (), unreachable: Sequence[str] = ()) -> IngestReport:
        report = IngestReport(
            added=tuple(self.added),
            updated=tuple(self.updated),
            unchanged=tuple(self.unchanged),
            removed=self.removed,
            vanished=tuple(vanished),
            failed=_skipped(self.failed),
            chunks=self._chunks,
            embedded=self._embedded,
            seconds=self._seconds(),
            unreachable=tuple(unreachable),
            doubted=tuple(self.doubted),
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
        vectors = self._means.store.known_vectors(tuple(wanted))
        missing = [given for given in wanted if given not in vectors]
        self._chunks += len(texts) - len(missing)
        for first in range(0, len(missing), _BATCH_CHUNKS):
            batch = missing[first : first + _BATCH_CHUNKS]
            rows = self._means.embedder.embed_documents([wanted[given] for given in batch])
            vectors |= zip(batch, rows, strict=True)
            self._embedded += len(batch)
            self._chunks += len(batch)
            self._tell()
        return vectors

    def _input(self, text: str) -> bytes:
        return hashlib.sha256(f"{self._means.embedder.name}\n{text}".encode()).digest()

    def _claim(self) -> None:
        if self._staged and not self._claimed:
            embedder = self._means.embedder
            self._means.store.claim(embedder.name, embedder.dimension, self._means.chunking, self._claim_anew)
            self._claimed = True

    def _tell(self) -> None:
        if self._progress:
            done = (self._done, self._total, self._chunks, self._seconds(), self._cut)
            self._progress(IngestProgress(self._uri, *done, self._stage, self.failed.get(self._uri, "")))

    def _seconds(self) -> float:
        return (self._means.clock() - self._started).total_seconds()


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


def _article(uri: str, draft: Draft, now: datetime) -> tuple[Article, str | None]:
    """What a draft says, and what of it is not believed."""
    draft, doubt = _believed(draft, now.date())
    try:
        digest = hashlib.sha256(draft.text.encode()).hexdigest()
    except UnicodeEncodeError as error:
        raise SourceUnreadable("holds code points that are no characters; save it as UTF-8") from error
    article = Article(
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
    return article, doubt


def _believed(draft: Draft, today: date) -> tuple[Draft, str | None]:
    """Nothing was published in the future, and "the newest" would be such an article for years: its date is unknown."""
    if draft.published is None or draft.published <= today + _TIME_ZONES:
        return draft, None
    doubt = f"says it was published on {draft.published}, which is still to come; taken as undated"
    return replace(draft, published=None, published_from=None), doubt


def _skipped(failed: Mapping[str, str]) -> tuple[SkippedSource, ...]:
    return tuple(SkippedSource(uri, reason) for uri, reason in failed.items())


def _same(article: Article, stored: Article | None) -> bool:
    return stored is not None and replace(article, added=stored.added) == stored
