"""The values of answering: what is asked, shown to the model, said, cited and checked.

Knows the values of `index.types` and nothing else. Frozen; sequences are tuples. Offsets into an answer count code
points of `Answer.text`; offsets of a citation count code points of the stored article text. All half-open.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import date
from typing import Literal

from index.types import ArticleInfo, Filters, Hit

Role = Literal["system", "user", "assistant"]
ClaimStatus = Literal["supported", "partial", "unsupported", "no_claim"]


@dataclass(frozen=True, slots=True)
class Turn:
    """One message of a conversation so far; `evidence` is what an answer was drawn from, () where nobody knows."""

    role: Role
    text: str
    evidence: tuple[Evidence, ...] = ()


@dataclass(frozen=True, slots=True)
class Question:
    """What a person asks. `as_of` is the day the question is asked from, None for today."""

    text: str
    history: tuple[Turn, ...] = ()
    filters: Filters = field(default_factory=Filters)
    as_of: date | None = None


@dataclass(frozen=True, slots=True)
class Window:
    """Days from `since` to `until`, both included, `since <= until`; None leaves that side open."""

    since: date | None = None
    until: date | None = None


@dataclass(frozen=True, slots=True)
class Period:
    """What a question says about time, and where passages were looked for because of it.

    `words` are the question's own, "" where only filters or the day of asking bound the search; `asked` the days it
    names; `looked` the publication dates the passages shown were looked for in, None for all; `note` tells it a reader.
    """

    words: str
    present: bool
    asked: Window | None
    looked: Window | None
    note: str


@dataclass(frozen=True, slots=True)
class Span:
    """A half-open range of code points, `start <= end`."""

    start: int
    end: int


@dataclass(frozen=True, slots=True)
class Evidence:
    """A passage the model is shown under `number` (1..n in prompt order).

    `text` is what is shown; `article.text[start:end] == text`. `sentences` are spans in the article's text, in order,
    all inside start..end. Where the passage was joined from several hits, `hits` are all of them and `hit` the one that
    holds most of it. `also` holds a hit of each other article that tells at least half of it nearly word for word.
    """

    number: int
    hit: Hit
    start: int
    end: int
    text: str
    sentences: tuple[Span, ...]
    hits: tuple[Hit, ...] = ()
    also: tuple[Hit, ...] = ()

    @property
    def sentence_texts(self) -> tuple[str, ...]:
        """The sentences as they stand in `text`, in order."""
        return tuple(self.text[span.start - self.start : span.end - self.start] for span in self.sentences)

    def cut_to(self, sentences: tuple[Span, ...]) -> Evidence:
        """The passage from the first of some neighbouring sentences of it to the last; at least one."""
        start, end = sentences[0].start, sentences[-1].end
        text = self.text[start - self.start : end - self.start]
        return replace(self, start=start, end=end, text=text, sentences=sentences)

    def holds(self, article_id: str, span: Span) -> bool:
        """Whether a stretch of an article's text lies in this passage."""
        return self.hit.article.id == article_id and self.start <= span.start and span.end <= self.end

    def hit_at(self, start: int, end: int) -> Hit:
        """The hit whose chunk holds most of start..end, the better ranked of equals."""
        return best_overlap(self.hits or (self.hit,), start, end)


def best_overlap(hits: Sequence[Hit], start: int, end: int) -> Hit:
    """The hit whose chunk shares most with start..end of their article, the better ranked of equals."""
    return max(hits, key=lambda h: (min(h.chunk.end, end) - max(h.chunk.start, start), -h.rank))


@dataclass(frozen=True, slots=True)
class Message:
    """One message of a prompt. `text` is untrusted unless `role` is "system": it never becomes control tokens."""

    role: Role
    text: str


@dataclass(frozen=True, slots=True)
class Prompt:
    """What goes to the generator: `tokens + max_tokens <= context size`. The last message is the user's.

    What is stable stands first and the question last, so that prompts over the same evidence share a long prefix,
    which a generator need compute only once. What is asked `aside` should leave what it has computed as it was.
    """

    messages: tuple[Message, ...]
    evidence: tuple[Evidence, ...]
    tokens: int
    max_tokens: int
    aside: bool = False


@dataclass(frozen=True, slots=True)
class Usage:
    """Tokens that a generator read and wrote. `cached_tokens` of `prompt_tokens` were not computed again."""

    prompt_tokens: int
    cached_tokens: int
    completion_tokens: int

    def __add__(self, other: Usage) -> Usage:
        return Usage(
            self.prompt_tokens + other.prompt_tokens,
            self.cached_tokens + other.cached_tokens,
            self.completion_tokens + other.completion_tokens,
        )


@dataclass(frozen=True, slots=True)
class Completion:
    """The model's whole text. `stop` says why it ended."""

    text: str
    usage: Usage
    stop: Literal["end", "length", "cancelled"]


@dataclass(frozen=True, slots=True)
class Citation:
    """A quote cut from a stored article: `article.text[start:end] == quote`. `number` is what [n] shows.

    `digest` is of the article's text when it was cut, so that the quote can be found again once the source has changed.
    """

    number: int
    article_id: str
    chunk_id: str
    title: str
    source: str | None
    url: str | None
    published: date | None
    published_from: str | None
    start: int
    end: int
    quote: str
    digest: str = ""


@dataclass(frozen=True, slots=True)
class Claim:
    """One sentence of the answer: `answer.text[start:end] == text`, its markers included.

    `numbers` are the citations it carries. `support` in 0..1 is how far they hold it; 0 where there are none.
    """

    text: str
    start: int
    end: int
    numbers: tuple[int, ...]
    support: float
    status: ClaimStatus


@dataclass(frozen=True, slots=True)
class Disagreement:
    """Two citations that tell the same thing differently, by their numbers.

    `unit` is that of the figures, "date" or "day", or a verb with its "by" for who holds or does it.
    """

    unit: str
    older: int
    newer: int


@dataclass(frozen=True, slots=True)
class Unresolved:
    """A marker of the raw text that points at no evidence; cut from the shown text, kept here."""

    marker: str
    start: int
    end: int


@dataclass(frozen=True, slots=True)
class Timings:
    """Seconds since the question, None for what did not happen."""

    retrieve_s: float
    first_evidence_s: float | None
    first_token_s: float | None
    total_s: float


@dataclass(frozen=True, slots=True)
class Model:
    """What produced an answer. `sha256` is None for a remote endpoint, which does not tell."""

    name: str
    sha256: str | None
    backend: str


@dataclass(frozen=True, slots=True)
class IndexState:
    """The index an answer was drawn from."""

    generation: int
    articles: int
    chunks: int
    embedder: str


@dataclass(frozen=True, slots=True)
class Answer:
    """A cited and checked answer, or an abstention (then `citations` is empty and `nearest` is not, if anything is).

    Every number in `text` resolves to a citation; `raw_text` is what the model said, never edited.
    `confidence` in 0..1 is the estimated probability that the answer is right and supported; of an abstention, that
    abstaining is right. `as_of` is the newest publication date among the cited articles.
    """

    question: str
    query: str
    text: str
    raw_text: str
    claims: tuple[Claim, ...]
    citations: tuple[Citation, ...]
    unresolved: tuple[Unresolved, ...]
    evidence: tuple[Evidence, ...]
    nearest: tuple[Evidence, ...]
    abstained: bool
    confidence: float
    as_of: date | None
    model: Model
    index: IndexState
    usage: Usage
    timings: Timings
    settings_digest: str
    version: str
    signals: Mapping[str, float] = field(default_factory=dict)
    """The numbers behind `abstained` and `confidence`, by name, for whoever wants to know why."""
    period: Period | None = None
    disagreements: tuple[Disagreement, ...] = ()
    set_aside: tuple[Evidence, ...] = ()
    """Sentences found that order their reader about instead of telling something: kept from the model, never cited."""

    @property
    def read(self) -> tuple[Evidence, ...]:
        """The evidence, if the model was asked anything over it: what a follow-up can go on with."""
        return self.evidence if self.usage.prompt_tokens or "yes_no" in self.signals else ()

    def also_in(self, citation: Citation) -> tuple[ArticleInfo, ...]:
        """The other articles that tell what is cited nearly word for word."""
        cited = (piece for piece in self.evidence if piece.hit.article.id == citation.article_id)
        around = (piece for piece in cited if piece.start <= citation.start and citation.end <= piece.end)
        return tuple(hit.article for piece in around for hit in piece.also)


@dataclass(frozen=True, slots=True)
class Retrieved:
    """The passages are known; nothing has been generated."""

    query: str
    evidence: tuple[Evidence, ...]
    period: Period | None = None


@dataclass(frozen=True, slots=True)
class Token:
    """A piece of the model's raw text, as it comes."""

    text: str


@dataclass(frozen=True, slots=True)
class Answered:
    """The end of every stream, exactly once."""

    answer: Answer


Event = Retrieved | Token | Answered
