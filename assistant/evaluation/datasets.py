"""Dataset folders on disk → frozen values, and a dataset's corpus as a source to index.

Knows the file format (`corpus.jsonl`, `questions.jsonl`, `pairs.jsonl`: one JSON object a line) and no metric, index or
model. A dataset is made by whoever evaluates, so a malformed line is an error that names file and line; a gold
reference that leads nowhere is a warning, since the question can still be asked. Fields not named here are ignored:
`passages` among them, because a question is asked of the whole corpus.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from pathlib import Path
from typing import Any, TypeVar

from assistant.errors import EvaluationError
from assistant.types import Question, Turn
from index.errors import SourceUnreadable
from index.readers import read_page
from index.sources import Paths
from index.types import Absence, RawPage, Root, SkippedSource

CORPUS_SCHEME = "corpus:"

T = TypeVar("T")


@dataclass(frozen=True, slots=True)
class Document:
    """One line of a corpus. `date` is an ISO 8601 date as written, None when unknown."""

    doc_id: str
    title: str
    text: str
    date: str | None = None
    url: str | None = None
    source: str | None = None


@dataclass(frozen=True, slots=True)
class GoldQuestion:
    """A question with what a good answer holds.

    `evidence_sets` are the gold evidence strings by annotator where several worked apart (at least one set unless
    there is no evidence at all); together they are `gold_evidence`.
    """

    qid: str
    question: str
    answers: tuple[str, ...]
    answerable: bool
    gold_docs: tuple[str, ...]
    evidence_sets: tuple[tuple[str, ...], ...]
    type: str | None = None
    history: tuple[Turn, ...] = ()
    as_of: date | None = None

    @property
    def gold_evidence(self) -> tuple[str, ...]:
        """Every gold string once, in the order of the sets."""
        return tuple(dict.fromkeys(text for gold in self.evidence_sets for text in gold))

    def to_question(self) -> Question:
        """The question as the assistant is asked it."""
        return Question(self.question, history=self.history, as_of=self.as_of)


@dataclass(frozen=True, slots=True)
class Dataset:
    """A corpus and its questions. The digests are of the files' bytes; `warnings` say which gold leads nowhere."""

    name: str
    documents: tuple[Document, ...]
    questions: tuple[GoldQuestion, ...]
    corpus_digest: str
    questions_digest: str
    warnings: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Pair:
    """A claim and the evidence it is held against. `supported` is whether the evidence bears all of it out."""

    id: str
    claim: str
    evidence: str
    label: str
    supported: bool


@dataclass(frozen=True, slots=True)
class PairSet:
    """A verification set. The digest is of the file's bytes."""

    name: str
    pairs: tuple[Pair, ...]
    digest: str


def read_dataset(folder: Path) -> Dataset:
    """Read `questions.jsonl` and the corpus: `corpus.jsonl`, or else the files of `articles/`, named by their stems.

    Raises EvaluationError naming the file, and for a JSON file the line, that is wrong.
    """
    lines, articles = folder / "corpus.jsonl", folder / "articles"
    rows = _read_articles(articles) if articles.is_dir() and not lines.is_file() else _read_lines(lines, _document)
    documents = _unique(rows, lambda document: document.doc_id)
    questions = _unique(_read_lines(folder / "questions.jsonl", _question), lambda question: question.qid)
    return Dataset(
        name=folder.resolve().name,
        documents=documents,
        questions=questions,
        corpus_digest=hashlib.sha256(b"".join(map(_page, documents))).hexdigest(),
        questions_digest=_file_digest(folder / "questions.jsonl"),
        warnings=tuple(_gold_warnings(documents, questions)),
    )


def read_pairs(folder: Path) -> PairSet:
    """Read `pairs.jsonl`. Raises EvaluationError naming the file and line that is wrong."""
    path = folder / "pairs.jsonl"
    pairs = _unique(_read_lines(path, _pair), lambda pair: pair.id)
    return PairSet(folder.resolve().name, pairs, _file_digest(path))


def draw(questions: Sequence[GoldQuestion], limit: int | None, seed: int) -> tuple[GoldQuestion, ...]:
    """`limit` questions in an order that only the seed and the ids decide: a greater limit adds to a smaller one's.

    None means all of them, in the order of the file.
    """
    return draw_named(questions, [question.qid for question in questions], limit, seed)


def draw_pairs(pairs: Sequence[Pair], limit: int | None, seed: int) -> tuple[Pair, ...]:
    """The same for pairs."""
    return draw_named(pairs, [pair.id for pair in pairs], limit, seed)


def half_of(item_id: str) -> str:
    """ "dev" or "test", decided by the id and by nothing that can be tuned."""
    first_byte = hashlib.sha256(item_id.encode("utf-8", "surrogatepass")).digest()[0]
    return "dev" if first_byte % 2 == 0 else "test"


def draw_named(items: Sequence[T], ids: Sequence[str], limit: int | None, seed: int) -> tuple[T, ...]:
    """The same for anything that has ids."""
    if limit is None:
        return tuple(items)
    if limit < 1:
        raise EvaluationError(f"cannot draw {limit} of {len(items)}: give a limit of at least 1, or none for all")
    lots = sorted(range(len(items)), key=lambda at: _lot(ids[at], seed))
    return tuple(items[at] for at in lots[:limit])


class CorpusSource:
    """A dataset's corpus as a source: each document is one JSON page under "corpus:<doc_id>"."""

    def __init__(self, documents: Sequence[Document]) -> None:
        self._documents = {f"{CORPUS_SCHEME}{document.doc_id}": document for document in documents}

    def uris(self) -> Iterator[str | SkippedSource]:
        """Every document, in the corpus's order."""
        return iter(tuple(self._documents))

    def revision(self, uri: str) -> str:
        """The digest of the page's bytes."""
        return hashlib.sha256(_page(self._document(uri))).hexdigest()

    def read(self, uri: str) -> RawPage:
        """The document as one JSON object. Raises SourceUnreadable for a uri of another corpus."""
        document = self._document(uri)
        body = _page(document)
        return RawPage(uri, body, "application/json", hashlib.sha256(body).hexdigest(), document.doc_id)

    def absence(self, uri: str) -> Absence:
        """A document that is not in the corpus is gone."""
        return "gone" if uri.startswith(CORPUS_SCHEME) else "foreign"

    def roots(self) -> tuple[Root, ...]:
        """A dataset is no place to come back to."""
        return ()

    def _document(self, uri: str) -> Document:
        try:
            return self._documents[uri]
        except KeyError:
            raise SourceUnreadable(f"{uri!r} is not in this corpus of {len(self._documents)} documents") from None


def doc_id_of(uri: str) -> str | None:
    """The dataset's name of an indexed article; None for one that came from elsewhere."""
    return uri.removeprefix(CORPUS_SCHEME) if uri.startswith(CORPUS_SCHEME) else None


def index_key(dataset: Dataset, made_by: Sequence[str]) -> str:
    """The name of a corpus's cached index: other bytes, or another embedder or chunking in `made_by`, another name."""
    parts = "\n".join([dataset.corpus_digest, *made_by])
    return hashlib.sha256(parts.encode("utf-8", "surrogatepass")).hexdigest()[:16]


def _page(document: Document) -> bytes:
    fields = {
        "title": document.title,
        "text": document.text,
        "date": document.date,
        "url": document.url,
        "source": document.source,
    }
    return json.dumps({name: value for name, value in fields.items() if value is not None}).encode("ascii")


def _lot(item_id: str, seed: int) -> bytes:
    return hashlib.sha256(f"{seed}\n{item_id}".encode("utf-8", "surrogatepass")).digest()


def _file_digest(path: Path) -> str:
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()


# --- lines -------------------------------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class _Row:
    """One line's object and where it stands, so that each complaint can say so."""

    place: str
    fields: Mapping[str, Any]

    def text(self, name: str) -> str:
        value = self.fields.get(name)
        if not isinstance(value, str):
            raise self.wrong(f"needs {name!r}, a string")
        return value

    def name(self, name: str) -> str:
        if not (value := self.text(name).strip()):
            raise self.wrong(f"has an empty {name!r}")
        return value

    def optional(self, name: str) -> str | None:
        return None if self.fields.get(name) is None else self.text(name)

    def day(self, name: str) -> date | None:
        try:
            return date.fromisoformat(text) if (text := self.optional(name)) else None
        except ValueError:
            raise self.wrong(f"has {name!r} {text!r}, which is not a date like 2025-01-31") from None

    def texts(self, name: str) -> tuple[str, ...]:
        value = self.fields.get(name)
        if not isinstance(value, list) or not all(isinstance(item, str) for item in value):
            raise self.wrong(f"needs {name!r}, a list of strings")
        return tuple(value)

    def wrong(self, complaint: str) -> EvaluationError:
        return EvaluationError(f"{self.place}: the line {complaint}; correct it, or take the line out")


def _read_lines(path: Path, parse: Callable[[_Row], T]) -> list[tuple[str, T]]:
    """Each line's value with its place. Read as a file, not by splitlines: U+2028 is legal in a JSON string."""
    try:
        with path.open(encoding="utf-8-sig") as file:
            lines = [(f"{path}:{number}", line) for number, line in enumerate(file, start=1) if line.strip()]
    except OSError as error:
        raise EvaluationError(f"cannot read {path}: {error.strerror}; is this a dataset folder?") from error
    except UnicodeDecodeError as error:
        raise EvaluationError(f"{path} is not UTF-8 (byte {error.start}); save it as UTF-8") from error
    if not lines:
        raise EvaluationError(f"{path} is empty; a dataset needs at least one line in it")
    return [(place, parse(_row(place, line))) for place, line in lines]


def _read_articles(folder: Path) -> list[tuple[str, Document]]:
    source = Paths([folder])
    found = []
    for uri in source.uris():
        if not isinstance(uri, str):
            raise EvaluationError(f"{uri.uri}: {uri.reason}; the articles of a dataset must all be readable")
        draft = read_page(source.read(uri))
        day = draft.published.isoformat() if draft.published else None
        found.append((uri, Document(Path(uri).stem, draft.title, draft.text, day, draft.url, draft.source)))
    return found


def _row(place: str, line: str) -> _Row:
    try:
        fields = json.loads(line)
    except (ValueError, RecursionError) as error:
        raise EvaluationError(f"{place}: not JSON ({error}); every line must be one JSON object") from error
    if not isinstance(fields, dict):
        raise EvaluationError(f"{place}: a JSON {type(fields).__name__}; every line must be one JSON object")
    return _Row(place, fields)


def _unique(rows: Sequence[tuple[str, T]], key: Callable[[T], str]) -> tuple[T, ...]:
    places: dict[str, str] = {}
    for place, value in rows:
        if (first := places.setdefault(key(value), place)) != place:
            raise EvaluationError(f"{place}: the id {key(value)!r} is already used at {first}; make ids unique")
    return tuple(value for _, value in rows)


def _document(row: _Row) -> Document:
    return Document(
        doc_id=row.name("doc_id"),
        title=row.text("title"),
        text=row.text("text"),
        date=row.optional("date"),
        url=row.optional("url"),
        source=row.optional("source"),
    )


def _question(row: _Row) -> GoldQuestion:
    if not isinstance(answerable := row.fields.get("answerable"), bool):
        raise row.wrong("needs 'answerable', true or false")
    return GoldQuestion(
        qid=row.name("qid"),
        question=row.name("question"),
        answers=row.texts("answers"),
        answerable=answerable,
        gold_docs=tuple(dict.fromkeys(row.texts("gold_docs"))),
        evidence_sets=_evidence_sets(row),
        type=row.optional("type"),
        history=_history(row),
        as_of=row.day("as_of"),
    )


def _evidence_sets(row: _Row) -> tuple[tuple[str, ...], ...]:
    """One annotator's empty set says nothing about where the evidence is, so it is dropped."""
    together = row.texts("gold_evidence")
    given = row.fields.get("evidence_sets") or [list(together)]
    if not isinstance(given, list) or not all(
        isinstance(gold, list) and all(isinstance(text, str) for text in gold) for gold in given
    ):
        raise row.wrong("has 'evidence_sets' that is not a list of lists of strings")
    sets = (tuple(dict.fromkeys(text for text in gold if text.strip())) for gold in given)
    return tuple(gold for gold in sets if gold)


def _history(row: _Row) -> tuple[Turn, ...]:
    given = row.fields.get("history") or []
    if not isinstance(given, list) or not all(isinstance(turn, dict) for turn in given):
        raise row.wrong("has 'history' that is not a list of {role, text}")
    return tuple(_turn(_Row(row.place, turn)) for turn in given)


def _turn(row: _Row) -> Turn:
    role = row.fields.get("role")
    if role != "user" and role != "assistant":
        raise row.wrong(f"has a turn of {role!r} in its history; a turn is by 'user' or 'assistant'")
    return Turn("user" if role == "user" else "assistant", row.text("text"))


def _pair(row: _Row) -> Pair:
    if (binary := row.fields.get("binary")) not in (0, 1):
        raise row.wrong("needs 'binary': 1 if the evidence supports the claim, 0 if not")
    return Pair(row.name("id"), row.text("claim"), row.text("evidence"), str(row.fields.get("label")), binary == 1)


def _gold_warnings(documents: Sequence[Document], questions: Sequence[GoldQuestion]) -> Iterator[str]:
    texts = {document.doc_id: document.text for document in documents}
    for question in questions:
        for doc_id in question.gold_docs:
            if doc_id not in texts:
                yield f"question {question.qid}: its gold document {doc_id!r} is not in the corpus"
        for text in question.gold_evidence:
            if not any(text in texts.get(doc_id, "") for doc_id in question.gold_docs):
                yield f"question {question.qid}: a gold evidence string is in none of its gold documents"
