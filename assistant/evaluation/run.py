"""Asks every question of a dataset and keeps what came back, one record a question.

Knows how a run proceeds: drawn questions, a journal to go on from, an error that ends one question or all of them.
Knows neither how an answer is made nor what a score means: retrieving, asking and judging are functions it is given,
the clock too.
"""

from __future__ import annotations

import logging
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import date
from functools import lru_cache
from pathlib import Path
from typing import Any, Protocol

from assistant.contract import answer_to_json
from assistant.errors import AssistantError, EvaluationError
from assistant.evaluation.datasets import (
    CORPUS_SCHEME,
    Dataset,
    GoldQuestion,
    doc_id_of,
    draw,
    half_of,
)
from assistant.evaluation.journal import HOPELESS, Json, open_journal
from assistant.evaluation.metrics import Entails
from assistant.evaluation.report import write_report
from assistant.evaluation.scoring import Library, locate, score_answer, score_retrieval
from assistant.types import Answer, Question
from index.types import Article, ArticleInfo, Hit

FORMAT = 1
HITS = 10
Retrieve = Callable[[Question], Sequence[Hit]]
Ask = Callable[[Question], Answer]

logger = logging.getLogger(__name__)


class CorpusIndex(Protocol):
    """The index of a dataset's corpus, as far as a run needs it."""

    def articles(self) -> Sequence[ArticleInfo]:
        """Every article in it."""
        ...

    def article(self, article_id: str) -> Article | None:
        """One with its text."""
        ...


@dataclass(frozen=True, slots=True)
class System:
    """What is evaluated: where passages come from, and who answers (None: retrieval only)."""

    retrieve: Retrieve
    ask: Ask | None = None


@dataclass(frozen=True, slots=True)
class Judge:
    """Who says whether a passage entails a sentence; never the model that checks answers as they are made."""

    name: str
    entails: Entails


@dataclass(frozen=True, slots=True)
class Plan:
    """What to run. `limit` None asks every question. The digest is that of the settings that can change an answer.

    `types` are the types of questions asked, () for all; `as_of` the day of asking where a question gives none; `half`
    "dev" or "test" asks only that half, so that what was fitted on one is reported on the other.
    """

    seed: int = 0
    limit: int | None = None
    settings_digest: str = ""
    judge: Judge | None = None
    types: tuple[str, ...] = ()
    as_of: date | None = None
    half: str | None = None


@dataclass(frozen=True, slots=True)
class RunProgress:
    """How far a run has come; `resumed` of the `done` were there before."""

    qid: str
    done: int
    total: int
    resumed: int
    error: str | None


def run_dataset(
    dataset: Dataset,
    index: CorpusIndex,
    system: System,
    out: Path,
    plan: Plan,
    *,
    clock: Callable[[], float],
    about: Callable[[], Mapping[str, Any]] = dict,
    progress: Callable[[RunProgress], None] | None = None,
    fresh: bool = False,
) -> Json:
    """Evaluate, then write `report.json`, `report.md` and `report.html` beside the records; returns the report.

    What `about` gives at the end (machine, packages, indexing, peak memory ...) goes into the report as it is.
    """
    evaluate(dataset, index, system, out, plan, clock=clock, progress=progress, fresh=fresh)
    return write_report(out, about())


def evaluate(
    dataset: Dataset,
    index: CorpusIndex,
    system: System,
    out: Path,
    plan: Plan,
    *,
    clock: Callable[[], float],
    progress: Callable[[RunProgress], None] | None = None,
    fresh: bool = False,
) -> None:
    """Ask every drawn question that `out` has no good record of, and append a record for each.

    An error ends its question and is recorded, unless the next question would meet it too. Interrupted by whatever, the
    records stay, and the same call goes on after them. Raises EvaluationError if `out` holds another run.
    """
    questions = draw(_wanted(dataset, plan), plan.limit, plan.seed)
    asker = _Asker(dataset, library_of(dataset, index), system, plan.judge, clock)
    with open_journal(out, _header(dataset, index, system, plan), fresh=fresh) as journal:
        done = {record["qid"] for record in journal.done}
        rest = [question for question in questions if question.qid not in done]
        for count, question in enumerate(rest, start=len(done) + 1):
            record = asker.record(question)
            journal.append(record)
            if progress:
                progress(RunProgress(question.qid, count, len(questions), len(done), record["error"]))


@dataclass(frozen=True, slots=True)
class _Asker:
    """One question → its record."""

    dataset: Dataset
    library: Library
    system: System
    judge: Judge | None
    clock: Callable[[], float]

    def record(self, question: GoldQuestion) -> Json:
        """Ask and score one question; what fails for it alone becomes its `error`."""
        started = self.clock()
        try:
            found = self._find(question.to_question())
            return _record(question, found, self._json(found), self._scores(question, found), None)
        except HOPELESS:
            raise
        except AssistantError as failure:
            error = str(failure)
        except Exception as failure:  # a fault of ours: this question is lost, the run is not
            logger.exception("question %s failed", question.qid)
            error = f"{type(failure).__name__}: {failure}"
        return _record(question, _Found(seconds=self.clock() - started), None, {}, error)

    def _find(self, question: Question) -> _Found:
        """The hits are those of the query which was searched; the seconds those of the answer, if there is one."""
        started = self.clock()
        if self.system.ask is None:
            hits = self.system.retrieve(question)
            return _Found(tuple(hits[:HITS]), None, self.clock() - started)
        answer = self.system.ask(question)
        seconds = self.clock() - started
        hits = self.system.retrieve(replace(question, text=answer.query, history=()))
        return _Found(tuple(hits[:HITS]), answer, seconds)

    def _scores(self, question: GoldQuestion, found: _Found) -> dict[str, float]:
        gold = locate(question, self._texts(question))
        scores = score_retrieval(gold, found.hits, self.library)
        if found.answer:
            entails = self.judge.entails if self.judge else None
            scores |= score_answer(question, gold, found.hits, found.answer, self.library, entails)
        return scores

    def _texts(self, question: GoldQuestion) -> dict[str, str]:
        return {d.doc_id: d.text for d in self.dataset.documents if d.doc_id in question.gold_docs}

    def _json(self, found: _Found) -> Json:
        hits = [{"doc_id": self.library.documents.get(hit.chunk.article_id), **_hit(hit)} for hit in found.hits]
        return {"hits": hits, "answer": self._answer(found.answer) if found.answer else None}

    def _answer(self, answer: Answer) -> Json:
        shown = answer_to_json(answer)
        for name in ("citations", "evidence", "nearest"):
            shown[name] = [
                {**piece, "doc_id": self.library.documents.get(piece["article_id"])} for piece in shown[name]
            ]
        return shown


@dataclass(frozen=True, slots=True)
class _Found:
    hits: tuple[Hit, ...] = ()
    answer: Answer | None = None
    seconds: float = 0.0


def _record(
    question: GoldQuestion, found: _Found, shown: Json | None, scores: Mapping[str, float], error: str | None
) -> Json:
    return {
        "qid": question.qid,
        "question": question.question,
        "answerable": question.answerable,
        "type": question.type,
        **(shown or {"hits": [], "answer": None}),
        "scores": dict(scores),
        "seconds": round(found.seconds, 4),
        "error": error,
    }


def _hit(hit: Hit) -> Json:
    return {
        "chunk_id": hit.chunk.id,
        "rank": hit.rank,
        "score": hit.score,
        "start": hit.chunk.start,
        "end": hit.chunk.end,
        "text": hit.chunk.text,
    }


def _wanted(dataset: Dataset, plan: Plan) -> tuple[GoldQuestion, ...]:
    """The questions of the plan's types. Raises EvaluationError for a type that no question has."""
    known = {question.type for question in dataset.questions}
    if unknown := [name for name in plan.types if name not in known]:
        there = ", ".join(sorted(name for name in known if name)) or "none"
        raise EvaluationError(f"no question of {dataset.name} is of type {unknown[0]!r}; the types there are: {there}")
    of_type = [q for q in dataset.questions if not plan.types or q.type in plan.types]
    chosen = [q for q in of_type if plan.half in (None, half_of(q.qid))]
    return tuple(replace(q, as_of=q.as_of or plan.as_of) for q in chosen)


def _header(dataset: Dataset, index: CorpusIndex, system: System, plan: Plan) -> Json:
    """All that makes two runs the same run. Two with equal headers may share a folder."""
    present = {article.uri for article in index.articles()}
    return {
        "format": FORMAT,
        "dataset": dataset.name,
        "corpus_digest": dataset.corpus_digest,
        "questions_digest": dataset.questions_digest,
        "documents": len(dataset.documents),
        "documents_indexed": sum(CORPUS_SCHEME + document.doc_id in present for document in dataset.documents),
        "questions": len(dataset.questions),
        "warnings": list(dataset.warnings),
        "seed": plan.seed,
        "limit": plan.limit,
        "retrieval_only": system.ask is None,
        "settings_digest": plan.settings_digest,
        "judge": plan.judge.name if plan.judge else None,
        **({"types": list(plan.types)} if plan.types else {}),
        **({"as_of": plan.as_of.isoformat()} if plan.as_of else {}),
        **({"half": plan.half} if plan.half else {}),
    }


def library_of(dataset: Dataset, index: CorpusIndex) -> Library:
    """The indexed corpus.

    Raises EvaluationError if a stored text is not the corpus's: every offset in the scores would be wrong.
    """

    @lru_cache(maxsize=256)
    def text(article_id: str) -> str | None:
        article = index.article(article_id)
        return None if article is None else article.text

    documents = {a.id: doc_id for a in index.articles() if (doc_id := doc_id_of(a.uri)) is not None}
    texts = {document.doc_id: document.text for document in dataset.documents}
    for article_id, doc_id in documents.items():
        if doc_id in texts and not _is_stored_as(texts[doc_id], text(article_id)):
            raise EvaluationError(
                f"the index holds another text of document {doc_id!r} than {dataset.name}'s corpus; "
                "delete this corpus's index, so that it is built again"
            )
    return Library(documents, text)


def _is_stored_as(text: str, stored: str | None) -> bool:
    """Whether every offset means the same in both: characters no database can store are stored as U+FFFD."""
    if stored is None or len(stored) != len(text):
        return False
    return stored == text or all(kept in (given, "\ufffd") for given, kept in zip(text, stored, strict=True))
