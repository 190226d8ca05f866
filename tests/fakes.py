"""Stand-ins for what answering is handed, and builders of the values it passes on.

The fakes decide nothing: a reply, a number and a list of hits are given to them, and they write down what they were
asked. An embedder, a source and a clock are in `tests/index/fakes.py`.
"""

from __future__ import annotations

import hashlib
import threading
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import UTC, date, datetime
from pathlib import Path
from typing import Literal

from assistant.answering import Assistant, Policy
from assistant.citing import Attributor
from assistant.errors import GenerationCancelled
from assistant.evidence import Selector
from assistant.generation import Capabilities, Spend, Stream, unaccounted
from assistant.kinds import asks_whether
from assistant.prompting import Composer, Templates
from assistant.types import (
    Answer,
    Citation,
    Claim,
    Completion,
    Evidence,
    IndexState,
    Message,
    Model,
    Prompt,
    Span,
    Timings,
    Usage,
)
from assistant.verifying import Thresholds
from assistant.wording import content_words, share
from index.sentences import sentence_spans
from index.types import Article, ArticleInfo, Chunk, ChunkingSettings, Filters, Hit, Manifest

PROMPTS = Path(__file__).parents[1] / "prompts"
TEMPLATES = Templates.read(PROMPTS)
NO_SOURCES = TEMPLATES.sources.substitute(sources="")
MODEL = Model("fake", "0" * 64, "fake")
MANIFEST = Manifest(1, 7, "fake-embedder", 32, ChunkingSettings(), articles=2, chunks=5)


def count_words(text: str) -> int:
    """The fakes' tokens are words."""
    return len(text.split())


# ---- values


def article(text: str, name: str = "a1", **others: object) -> Article:
    """An article of this text; any other field may be given."""
    plain = Article(
        id=name,
        uri=f"mem:{name}",
        title=f"Title of {name}",
        text=text,
        digest=hashlib.sha256(text.encode(errors="surrogatepass")).hexdigest(),
        published=date(2024, 12, 3),
        published_from="front matter",
        language="en",
        url=f"https://news.example/{name}",
        source="Example News",
        added=datetime(2025, 1, 1, tzinfo=UTC),
    )
    return replace(plain, **others)  # type: ignore[arg-type]


def info(of: Article, chunks: int = 1) -> ArticleInfo:
    """What is shown of an article."""
    shared = {name: getattr(of, name) for name in ArticleInfo.__dataclass_fields__ if hasattr(of, name)}
    return ArticleInfo(**shared, characters=len(of.text), chunks=chunks)


def hit(of: Article, start: int = 0, end: int | None = None, rank: int = 1, dense: float | None = 0.5) -> Hit:
    """The chunk `start`..`end` of an article, found at `rank`."""
    end = len(of.text) if end is None else end
    chunk = Chunk(f"{of.id}-{start}", of.id, rank - 1, start, end, of.text[start:end], None)
    return Hit(chunk, info(of), 1 / (60 + rank), rank, "both", dense, 1.0)


def hits(*texts: str) -> tuple[Hit, ...]:
    """One hit a text, each the whole of its own article: a1, a2, …"""
    return tuple(hit(article(text, f"a{n}"), rank=n) for n, text in enumerate(texts, 1))


def evidence_of(found: Iterable[Hit]) -> tuple[Evidence, ...]:
    """Each hit's chunk whole as a piece of evidence, cut into its sentences."""
    return tuple(_piece(number, one) for number, one in enumerate(found, 1))


def _piece(number: int, found: Hit) -> Evidence:
    chunk = found.chunk
    spans = tuple(Span(chunk.start + start, chunk.start + end) for start, end in sentence_spans(chunk.text))
    return Evidence(number, found, chunk.start, chunk.end, chunk.text, spans)


def evidence(*texts: str) -> tuple[Evidence, ...]:
    """One piece of evidence a text, numbered from 1."""
    return evidence_of(hits(*texts))


def answer(text: str = "Kurakhove is surrounded [1].", **others: object) -> Answer:
    """A plausible answer to “Where?” with one claim and one citation; any field may be given."""
    shown = evidence("Kurakhove is surrounded for months.")
    quoted = shown[0]
    of = quoted.hit.article
    plain = Answer(
        question="Where?",
        query="Where?",
        text=text,
        raw_text=text,
        claims=(Claim(text, 0, len(text), (1,), 0.9, "supported"),),
        citations=(
            Citation(
                number=1,
                article_id=of.id,
                chunk_id=quoted.hit.chunk.id,
                title=of.title,
                source=of.source,
                url=of.url,
                published=of.published,
                published_from=of.published_from,
                start=quoted.start,
                end=quoted.end,
                quote=quoted.text,
                digest=of.digest,
            ),
        ),
        unresolved=(),
        evidence=shown,
        nearest=(),
        abstained=False,
        confidence=0.8,
        as_of=of.published,
        model=MODEL,
        index=IndexState(7, 2, 5, "fake-embedder"),
        usage=Usage(10, 4, 3),
        timings=Timings(0.1, 0.2, None, 0.4),
        settings_digest="0123456789ab",
        version="0.0",
        signals={"dense": 0.5},
    )
    return replace(plain, **others)  # type: ignore[arg-type]


# ---- seams


@dataclass
class FakeGenerator:
    """A `Generator` that says `reply`, `piece_length` characters at a time, and grades every check with `logit`.

    Without sources it says `untold_logit`. `answered`, `checked` and `untold` are the prompts it was given, the last
    those without sources. `before_piece` is called with 0, 1, … before each piece.
    """

    reply: str | Callable[[Prompt], str] = "It is so [1]."
    logit: float | Callable[[Prompt], float] | None = 5.0
    untold_logit: float = 0.0
    context_size: int = 4096
    piece_length: int = 5
    stop: Literal["end", "length", "cancelled"] = "end"
    before_piece: Callable[[int], None] = lambda number: None
    model: Model = MODEL
    answered: list[Prompt] = field(default_factory=list)
    checked: list[Prompt] = field(default_factory=list)
    untold: list[Prompt] = field(default_factory=list)
    closed: int = 0

    @property
    def capabilities(self) -> Capabilities:
        return Capabilities(self.logit is not None, cached_tokens=True, cancel_prefill=True)

    def count_tokens(self, text: str) -> int:
        return count_words(text)

    def count_prompt(self, messages: Sequence[Message]) -> int:
        return sum(count_words(message.text) for message in messages)

    def generate(self, prompt: Prompt, cancel: threading.Event) -> Stream:
        self.answered.append(prompt)
        text = self.reply if isinstance(self.reply, str) else self.reply(prompt)
        pieces = [text[at : at + self.piece_length] for at in range(0, len(text), self.piece_length)]
        for number, piece in enumerate(pieces):
            self.before_piece(number)
            _heed(cancel)
            yield piece
        return Completion(text, Usage(prompt.tokens, 0, len(pieces)), self.stop)

    def yes_no(self, prompt: Prompt, cancel: threading.Event, spend: Spend = unaccounted) -> float | None:
        _heed(cancel)
        spend(Usage(prompt.tokens, 0, 0))
        if prompt.messages[-1].text.startswith(NO_SOURCES):
            self.untold.append(prompt)
            return None if self.logit is None else self.untold_logit
        self.checked.append(prompt)
        return self.logit(prompt) if callable(self.logit) else self.logit

    def close(self) -> None:
        self.closed += 1


def _heed(cancel: threading.Event) -> None:
    if cancel.is_set():
        raise GenerationCancelled("Generation was stopped on request.")


@dataclass
class FakeRetriever:
    """A `Retriever` that finds the same hits for every query. `queries` is what it was asked: query, k, filters."""

    found: tuple[Hit, ...] = ()
    manifest: Manifest = MANIFEST
    queries: list[tuple[str, int, Filters]] = field(default_factory=list)

    def retrieve(self, query: str, k: int, filters: Filters = Filters()) -> tuple[Hit, ...]:  # noqa: B008
        self.queries.append((query, k, filters))
        return self.found[:k]


class FakeVerifier:
    """A `Verifier` and `Scorer`: the share of the claim's content words that the passages hold, 0 without passages.

    Nothing is settled without the generator, whose no makes it 0.
    """

    def __call__(self, claim: str, passages: Sequence[str], yes_no: float | None = None) -> float:
        asked = content_words(claim)
        denied = yes_no is not None and yes_no < 0
        return share(asked, content_words(" ".join(passages))) if asked and passages and not denied else 0.0

    def settled(self, claim: str, passages: Sequence[str]) -> float | None:
        return None


def word_similarity(text: str, others: Sequence[str]) -> Sequence[float]:
    """A `Similarity`: the share of content words two texts have in common."""
    mine = content_words(text)
    return [_overlap(mine, content_words(other)) for other in others]


def _overlap(mine: frozenset[str], theirs: frozenset[str]) -> float:
    return len(mine & theirs) / len(mine | theirs) if mine | theirs else 0.0


def even_odds(signals: Mapping[str, float]) -> float:
    """An `Abstainer` that reads the generator's yes/no alone, over all the evidence or the best of its sentences: 0.5
    where it has none."""
    said = signals.get("yes_no", signals.get("yes_no_best"))
    return 0.5 if said is None else float(said > 0)


TODAY = date(2025, 1, 14)


def counting_clock() -> Callable[[], float]:
    """A second later at every look, from no particular time on."""
    seconds: Iterator[float] = map(float, range(1_000, 1_000_000))
    return lambda: next(seconds)


def whole_evidence(question: str, found: Sequence[Hit]) -> tuple[Evidence, ...]:
    """A `Selector` that shows every hit whole."""
    return evidence_of(found)


def assistant_over(
    found: Sequence[Hit],
    generator: FakeGenerator | None = None,
    *,
    threshold: float = 0.5,
    selector: Selector = whole_evidence,
    retriever: FakeRetriever | None = None,
    question_words: int = 400,
    answer_tokens: int = 100,
) -> Assistant:
    """An `Assistant` whose every part is a fake, but for the path through them and the real prompts."""
    generator = generator or FakeGenerator()
    return Assistant(
        retriever=retriever or FakeRetriever(tuple(found)),
        selector=selector,
        composer=Composer(TEMPLATES, generator.count_prompt, generator.context_size, answer_tokens),
        generator=generator,
        attributor=Attributor(FakeVerifier()),
        verifier=FakeVerifier(),
        abstainer=even_odds,
        similarity=word_similarity,
        policy=Policy(
            threshold=threshold,
            quoting_threshold=threshold,
            quotes=asks_whether,
            candidates=40,
            question_words=question_words,
            thresholds=Thresholds(),
            settings_digest="0123456789ab",
            version="0.0",
        ),
        clock=counting_clock(),
        today=lambda: TODAY,
    )
