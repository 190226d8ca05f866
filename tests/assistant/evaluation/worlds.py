"""Small worlds to evaluate in: a dataset folder on disk, its index, and answers as told."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from assistant.evaluation.datasets import Dataset
from assistant.types import (
    Answer,
    Citation,
    Claim,
    Evidence,
    IndexState,
    Model,
    Question,
    Timings,
    Usage,
)
from index.types import Article, ArticleInfo, Chunk, Hit

DOCUMENTS = [
    {"doc_id": "otter", "title": "Otters", "text": "Otters eat fish. They sleep on their backs. Pups learn to swim."},
    {"doc_id": "heron", "title": "Herons", "text": "Herons stand still. A heron eats frogs and fish."},
    {"doc_id": "mole", "title": "Moles", "text": "Moles dig. Moles are nearly blind."},
]
QUESTIONS = [
    {
        "qid": "q1",
        "question": "What do otters eat?",
        "answers": ["fish"],
        "answerable": True,
        "gold_docs": ["otter"],
        "gold_evidence": ["Otters eat fish."],
        "type": "factoid",
    },
    {
        "qid": "q2",
        "question": "Are moles blind?",
        "answers": ["Yes"],
        "answerable": True,
        "gold_docs": ["mole"],
        "gold_evidence": ["Moles are nearly blind."],
        "type": "yes/no",
    },
    {
        "qid": "q3",
        "question": "What is the capital of France?",
        "answers": [],
        "answerable": False,
        "gold_docs": [],
        "gold_evidence": [],
        "type": "factoid",
    },
    {
        "qid": "q4",
        "question": "What do otters and herons both eat?",
        "answers": ["fish"],
        "answerable": True,
        "gold_docs": ["otter", "heron"],
        "gold_evidence": ["Otters eat fish.", "A heron eats frogs and fish."],
        "type": "both",
    },
    {
        "qid": "q5",
        "question": "Who was the first king of Spain?",
        "answers": [],
        "answerable": False,
        "gold_docs": [],
        "gold_evidence": [],
        "type": "factoid",
    },
]


def write_lines(path: Path, rows: Sequence[Mapping[str, Any]]) -> Path:
    """One JSON object a line."""
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text("".join(json.dumps(row) + "\n" for row in rows), encoding="utf-8")
    return path


def write_dataset(
    folder: Path,
    documents: Sequence[Mapping[str, Any]] = DOCUMENTS,
    questions: Sequence[Mapping[str, Any]] = QUESTIONS,
) -> Path:
    """A dataset folder; returns it."""
    write_lines(folder / "corpus.jsonl", documents)
    write_lines(folder / "questions.jsonl", questions)
    return folder


def chunk(article_id: str, start: int, text: str, ordinal: int = 0) -> Chunk:
    """A chunk of an article where its text stands."""
    return Chunk(f"{article_id}-{ordinal}", article_id, ordinal, start, start + len(text), text, None)


def hit_of(found: Chunk, rank: int = 1, uri: str = "corpus:otter") -> Hit:
    """A hit of that chunk."""
    info = ArticleInfo(found.article_id, uri, "T", None, None, None, None, None, "0" * 64, len(found.text), 1)
    return Hit(found, info, 1 / rank, rank, "both")


@dataclass
class CorpusInMemory:
    """An index of a dataset with one chunk a sentence, which finds chunks by the words they share with the question."""

    dataset: Dataset
    asked: list[Question] = field(default_factory=list)

    def articles(self) -> Sequence[ArticleInfo]:
        return [self._info(article) for article in self._articles()]

    def article(self, article_id: str) -> Article | None:
        return next((article for article in self._articles() if article.id == article_id), None)

    def retrieve(self, question: Question) -> tuple[Hit, ...]:
        self.asked.append(question)
        words = set(question.text.lower().strip("?").split())
        chunks = [(article, piece) for article in self._articles() for piece in self._chunks(article)]
        ranked = sorted(chunks, key=lambda found: -len(words & set(found[1].text.lower().strip(".").split())))
        return tuple(
            Hit(piece, self._info(article), 1 / rank, rank, "both")
            for rank, (article, piece) in enumerate(ranked, start=1)
        )

    def _articles(self) -> list[Article]:
        now = datetime(2025, 1, 1, tzinfo=UTC)
        return [
            Article(
                id=f"a-{document.doc_id}",
                uri=f"corpus:{document.doc_id}",
                title=document.title,
                text=document.text,
                digest="0" * 64,
                published=None,
                published_from=None,
                language=None,
                url=document.url,
                source=document.source,
                added=now,
            )
            for document in self.dataset.documents
        ]

    def _info(self, article: Article) -> ArticleInfo:
        return ArticleInfo(
            article.id, article.uri, article.title, None, None, None, None, None, "0" * 64, len(article.text), 1
        )

    def _chunks(self, article: Article) -> list[Chunk]:
        sentences = [sentence.strip() + "." for sentence in article.text.split(".") if sentence.strip()]
        return [chunk(article.id, article.text.index(sentence), sentence, at) for at, sentence in enumerate(sentences)]


@dataclass
class Oracle:
    """Answers with its best chunk and cites it; abstains where the question names none of the corpus's animals."""

    index: CorpusInMemory
    fail_at: int | None = None
    error: BaseException = field(default_factory=lambda: RuntimeError("broken"))
    count: int = 0

    def __call__(self, question: Question) -> Answer:
        self.count += 1
        if self.count == self.fail_at:
            raise self.error
        hits = self.index.retrieve(question)[:2]
        if not any(animal in question.text for animal in ("otter", "heron", "mole")):
            return abstention(hits, question.text)
        return answer(hits, question.text)


def evidence_of(hits: Sequence[Hit]) -> tuple[Evidence, ...]:
    """The hits as shown to a model, whole."""
    return tuple(
        Evidence(number, hit, hit.chunk.start, hit.chunk.end, hit.chunk.text, ())
        for number, hit in enumerate(hits, start=1)
    )


def citation_of(hit: Hit, number: int = 1, start: int | None = None, end: int | None = None) -> Citation:
    """A citation of a hit's chunk, or of a part of it in the article's offsets."""
    first = hit.chunk.start if start is None else start
    last = hit.chunk.end if end is None else end
    quote = hit.chunk.text[first - hit.chunk.start : last - hit.chunk.start]
    return Citation(number, hit.article.id, hit.chunk.id, "T", None, None, None, None, first, last, quote)


def answer(hits: Sequence[Hit], question: str = "?", text: str | None = None, **changes: Any) -> Answer:
    """An answer that repeats the first hit's chunk and cites it, unless told otherwise."""
    shown = text if text is not None else f"{hits[0].chunk.text} [1]"
    plain = Answer(
        question=question,
        query=question,
        text=shown,
        raw_text=shown,
        claims=(Claim(shown, 0, len(shown), (1,), 0.9, "supported"),),
        citations=(citation_of(hits[0]),) if hits else (),
        unresolved=(),
        evidence=evidence_of(hits),
        nearest=(),
        abstained=False,
        confidence=0.8,
        as_of=None,
        model=Model("fake", "f" * 64, "none"),
        index=IndexState(1, 3, 7, "fake"),
        usage=Usage(100, 40, 10),
        timings=Timings(0.1, 0.2, 0.5, 1.0),
        settings_digest="settings",
        version="0",
        signals={"best": 0.8},
    )
    return replace(plain, **changes)


def abstention(
    hits: Sequence[Hit], question: str = "?", text: str = "The sources do not answer this.", **changes: Any
) -> Answer:
    """What is said when the sources do not answer."""
    usual = {
        "raw_text": "",
        "claims": (Claim(text, 0, len(text), (), 0.0, "no_claim"),),
        "citations": (),
        "nearest": evidence_of(hits),
        "abstained": True,
        "confidence": 0.9,
        "timings": Timings(0.1, 0.2, None, 0.6),
        "signals": {"best": 0.1},
    }
    return answer(hits, question, text, **{**usual, **changes})


def ticking() -> Any:
    """A clock that goes on by one second each time it is looked at."""
    seconds = iter(range(1_000_000))
    return lambda: float(next(seconds))
