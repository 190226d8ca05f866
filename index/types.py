"""The values of indexing: what is read, cut, stored and found.

Knows nothing of files, models, databases or screens. Every value is frozen and every sequence a tuple, so that a
value handed over can be kept. Offsets count Unicode code points of the stored article text, half-open.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date, datetime
from typing import Literal

Origin = Literal["dense", "lexical", "both", "given"]
QuoteState = Literal["current", "superseded", "moved", "changed", "gone"]
Absence = Literal["gone", "unreachable", "foreign"]
"""What it means that a source did not list a page: it looked and the page is not there; it could not look; the page is
none of its own."""
SourceState = Literal["indexed", "new", "changed", "failed", "gone", "away"]


@dataclass(frozen=True, slots=True)
class RawPage:
    """The bytes of one source before any reader has looked at them.

    `uri` names the place for good (for a file its absolute path); `revision` changes whenever the bytes may have.
    """

    uri: str
    body: bytes
    media_type: str
    revision: str
    name: str
    """What a person calls the source: the file's name. Used as the title of last resort."""


@dataclass(frozen=True, slots=True)
class Article:
    """One article as it is stored. `text` never changes under an unchanged `digest`.

    `published` is the date of publication, or None when unknown: never the time of import or of the file.
    `published_from` says where that date was found ("front matter", "html metadata", "url"), None when unknown.
    """

    id: str
    uri: str
    title: str
    text: str
    digest: str
    published: date | None
    published_from: str | None
    language: str | None
    url: str | None
    source: str | None
    added: datetime


@dataclass(frozen=True, slots=True)
class ArticleInfo:
    """What is shown of an article without loading its text."""

    id: str
    uri: str
    title: str
    published: date | None
    published_from: str | None
    language: str | None
    url: str | None
    source: str | None
    digest: str
    characters: int
    chunks: int


@dataclass(frozen=True, slots=True)
class Chunk:
    """A stretch of one article: `article.text[start:end] == text`. `heading` is the nearest heading above it."""

    id: str
    article_id: str
    ordinal: int
    start: int
    end: int
    text: str
    heading: str | None


@dataclass(frozen=True, slots=True)
class Hit:
    """A chunk found for a query. Ranks run 1..n without gaps; scores never rise with rank.

    `score` is the fused score: what the hit adds to those before it (greater is better, not comparable between
    queries). `dense` is the cosine with the query in -1..1, also for a hit that only the words found; `lexical` the
    BM25 score (0 or more), None where the query's words did not find it. `origin` says which search did, of the whole
    query or of a part.
    """

    chunk: Chunk
    article: ArticleInfo
    score: float
    rank: int
    origin: Origin
    dense: float | None = None
    lexical: float | None = None


@dataclass(frozen=True, slots=True)
class ResolvedQuote:
    """What became of a quote that an answer once gave: where it stands (`article.text[start:end]`), and in which text.

    "current": the article is as it was quoted. "superseded": the source has changed or is gone, and `article` is the
    text of then, which was kept. "moved": the source has changed and still says so, at start..end of its text of now.
    "changed": it has changed and no longer says so. "gone": the article is not indexed any more; `article` is None.
    """

    state: QuoteState
    article: Article | None
    start: int = 0
    end: int = 0

    @property
    def found(self) -> bool:
        """Whether start..end is the quote."""
        return self.state in ("current", "superseded", "moved")


@dataclass(frozen=True, slots=True)
class Filters:
    """What a search may return. Bounds are inclusive; an article of unknown date passes them only with `undated`."""

    since: date | None = None
    until: date | None = None
    sources: tuple[str, ...] = ()
    article_ids: tuple[str, ...] = ()
    undated: bool = False


@dataclass(frozen=True, slots=True)
class ChunkingSettings:
    """How articles are cut: at most `chunk_tokens` tokens of the embedder, about `overlap_tokens` shared."""

    chunk_tokens: int = 230
    overlap_tokens: int = 40


@dataclass(frozen=True, slots=True)
class Manifest:
    """What made an index, and how much is in it. Compared with the running settings when the index is opened."""

    format: int
    generation: int
    embedder: str
    dimension: int
    chunking: ChunkingSettings
    articles: int
    chunks: int


@dataclass(frozen=True, slots=True)
class SkippedSource:
    """A source that did not become an article, and why, in words a person can act on."""

    uri: str
    reason: str


@dataclass(frozen=True, slots=True)
class Root:
    """A file or folder that was added, to come back to. `mark` tells it from another that took its name."""

    uri: str
    mark: str | None


@dataclass(frozen=True, slots=True)
class SourceStatus:
    """How one source stands to what is stored of it.

    `indexed`: as stored. `new`: never taken in. `changed`: it may differ from what is stored. `failed`: it could not
    be taken in when last tried; `reason` says why. `gone`: stored, and not there any more; a sync takes it out.
    `away`: stored, and its place cannot be looked into, as when a disk is not mounted; a sync leaves it.
    """

    uri: str
    state: SourceState
    reason: str | None
    article_id: str | None


@dataclass(frozen=True, slots=True)
class IngestReport:
    """What one ingest did. Each list holds URIs; adding the same thing twice leaves added = updated = removed = ().

    `vanished` lists stored articles whose file is no longer under the given paths; they stay until removed.
    `unreachable` lists those whose place could not be looked into (a disk not mounted): nothing was done about them.
    `doubted` holds the sources of which something is not believed, and what. `chunks` counts those of all articles
    taken in, `embedded` those among them whose vectors were computed, which is where the time goes.
    """

    added: tuple[str, ...]
    updated: tuple[str, ...]
    unchanged: tuple[str, ...]
    removed: tuple[str, ...]
    vanished: tuple[str, ...]
    failed: tuple[SkippedSource, ...]
    chunks: int
    embedded: int
    seconds: float
    unreachable: tuple[str, ...] = ()
    doubted: tuple[SkippedSource, ...] = ()

    @property
    def reused(self) -> int:
        """The chunks whose vectors were there already."""
        return self.chunks - self.embedded


ReadingStage = Literal["reading", "read", "failed"]


@dataclass(frozen=True, slots=True)
class IngestProgress:
    """How far an ingest has come. `articles_total` is known from the start, `chunks_done` grows batch by batch.

    `chunks_cut` are the chunks of the articles read so far, stored or waiting; `uri` is the article under way or just
    dealt with, `stage` how far that one is, `reason` why it failed.
    """

    uri: str
    articles_done: int
    articles_total: int
    chunks_done: int
    seconds: float
    chunks_cut: int = 0
    stage: ReadingStage = "reading"
    reason: str = ""
