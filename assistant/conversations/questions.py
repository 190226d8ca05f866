"""Judged answers → a dataset folder: questions with gold, and the corpus they were asked of.

Knows the dataset format and what a reader's judgement can be gold for; nothing of databases. A good answer's quotes are
gold evidence as long as their article still says them, because gold has to occur in the corpus. A bad answer is a
question with gold only where the reader said what is right or that the articles are silent; any other is written down
as reported, for somebody to complete.
"""

from __future__ import annotations

import json
import re
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from assistant.contract import answer_to_json
from assistant.conversations.records import Kept
from assistant.errors import ConversationError
from assistant.types import Answer
from index.types import Article

Json = dict[str, Any]

WRONG, UNHELD, MISSING, SILENT, ANSWERED = "wrong", "not held", "missing", "silent", "answered"
REASONS = {
    WRONG: "The answer is wrong",
    UNHELD: "A quote does not hold its sentence",
    MISSING: "Something is missing",
    SILENT: "My articles do not say this",
}
"""What a reader can say is bad about an answer, and how it is put to them."""
REASONS_OF_ABSTAINING = {ANSWERED: "My articles do answer this"}

_MARKER = re.compile(r"\s*\[[0-9]{1,4}(?:\s*,\s*[0-9]{1,4})*\]")


@dataclass(frozen=True, slots=True)
class Exported:
    """How many judged answers became questions, and how many only reports."""

    questions: int
    reported: int
    documents: int


def write_dataset(
    folder: Path,
    judged: Sequence[Kept],
    before: Callable[[Kept], Sequence[Kept]],
    articles: Callable[[], Iterable[Article]],
) -> Exported:
    """Write `questions.jsonl`, `reported.jsonl` and `corpus.jsonl` into a new or empty folder.

    `before` gives what was asked earlier in the same conversation, `articles` the whole corpus. Raises
    ConversationError.
    """
    if folder.exists() and (not folder.is_dir() or any(folder.iterdir())):
        raise ConversationError(f"{folder} is not empty; name a new folder")
    try:
        folder.mkdir(parents=True, exist_ok=True)
        texts = _Texts({c.article_id for kept in judged if kept.record.answer for c in kept.record.answer.citations})
        documents = _write(folder / "corpus.jsonl", map(texts.noting, articles()))
        questions = [row for kept in judged if (row := question_of(kept, before(kept), texts.found.get))]
        _write(folder / "questions.jsonl", questions)
        known = {row["qid"] for row in questions}
        reported = _write(folder / "reported.jsonl", (_report(kept) for kept in judged if kept.id not in known))
    except OSError as error:
        raise ConversationError(f"{folder} cannot be written: {error}; name another folder") from error
    return Exported(len(questions), reported, documents)


class _Texts:
    """Remembers, of all articles that pass by on their way into the corpus, those that answers cite."""

    def __init__(self, wanted: set[str]) -> None:
        self.wanted = wanted
        self.found: dict[str, Article] = {}

    def noting(self, article: Article) -> Json:
        if article.id in self.wanted:
            self.found[article.id] = article
        return {
            "doc_id": article.id,
            "title": article.title,
            "text": article.text,
            "date": article.published.isoformat() if article.published else None,
            "url": article.url,
            "source": article.source,
        }


def _write(path: Path, rows: Iterable[Json]) -> int:
    written = 0
    with path.open("w", encoding="utf-8") as file:
        for row in rows:
            file.write(json.dumps(row, ensure_ascii=False) + "\n")
            written += 1
    return written


def question_of(kept: Kept, before: Sequence[Kept], article: Callable[[str], Article | None]) -> Json | None:
    """The question with its gold; None where the judgement gives none."""
    answer, feedback = kept.record.answer, kept.feedback
    if answer is None or feedback is None:
        return None
    if feedback.verdict == "down":
        if not feedback.note.strip() and feedback.reason != SILENT:
            return None
        silent = feedback.reason == SILENT
        return _row(kept, before, answerable=not silent, answers=[] if silent else [feedback.note.strip()])
    if answer.abstained:
        return _row(kept, before, answerable=False, answers=[])
    held = [c for c in answer.citations if (found := article(c.article_id)) and c.quote in found.text]
    return _row(kept, before, answerable=True, answers=list(_sentences(answer))) | {
        "gold_docs": list(dict.fromkeys(citation.article_id for citation in held)),
        "gold_evidence": list(dict.fromkeys(citation.quote for citation in held)),
    }


def _row(kept: Kept, before: Sequence[Kept], answerable: bool, answers: list[str]) -> Json:
    return {
        "qid": kept.id,
        "question": kept.record.question,
        "answers": answers,
        "answerable": answerable,
        "gold_docs": [],
        "gold_evidence": [],
        "type": "judged " + (kept.feedback.verdict if kept.feedback else ""),
        "history": [turn for one in before for turn in _turns(one)],
        "as_of": kept.record.asked.date().isoformat(),
    }


def _turns(kept: Kept) -> Iterator[Json]:
    answer = kept.record.answer
    if answer is not None:
        yield {"role": "user", "text": kept.record.question}
        yield {"role": "assistant", "text": answer.raw_text or answer.text}


def _sentences(answer: Answer) -> Iterator[str]:
    """The supported sentences without their markers; all of them where none is."""
    supported = [claim for claim in answer.claims if claim.status == "supported"]
    return (_MARKER.sub("", claim.text).strip() for claim in supported or answer.claims)


def _report(kept: Kept) -> Json:
    feedback, answer = kept.feedback, kept.record.answer
    return {
        "qid": kept.id,
        "question": kept.record.question,
        "verdict": feedback.verdict if feedback else None,
        "reason": feedback.reason if feedback else None,
        "note": feedback.note if feedback else None,
        "answer": answer_to_json(answer) if answer else None,
    }
