"""Questions made from a person's own articles, so that Quoth can be measured on what it will be asked about.

The model writes each question from one sentence, which is then the gold evidence. Some articles are left out of the
corpus: questions about them are what the sources do not answer. Knows articles and the writer it is given; draws by the
seed. What becomes of a question is decided by rules that a person can read, never by the model.
"""

from __future__ import annotations

import hashlib
import json
import re
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from assistant.conversation import unclear
from assistant.wording import content_words, names, numbers
from index.sentences import sentences
from index.types import Article

Write = Callable[[str, str, str], str]
"""(title, passage, sentence) → the question that the model writes for the sentence."""

LEFT_OUT = 4
"""Every so many-th article is left out."""
SHORTEST_SENTENCE, LONGEST_SENTENCE = 8, 40
SHORTEST_QUESTION, LONGEST_QUESTION = 4, 30
MOST_TOLD = 0.8
PER_ARTICLE = 3
_OPENS_LEANING = re.compile(
    r"^(?:he|she|it|they|this|that|these|those|but|and|however|in addition|there)\b", re.IGNORECASE
)


@dataclass(frozen=True, slots=True)
class Source:
    """A sentence to ask about, in its article."""

    article: Article
    sentence: str
    passage: str


def sources_of(article: Article, seed: int) -> tuple[Source, ...]:
    """At most PER_ARTICLE sentences that stand alone and say something particular: a name, and no leaning opening."""
    told = [one for one in sentences(article.text, article.language) if not one.heading]
    texts = [article.text[one.start : one.end] for one in told]
    fit = [at for at, text in enumerate(texts) if _stands_alone(text)]
    drawn = sorted(fit, key=lambda at: _lot(f"{article.id}\n{at}", seed))[:PER_ARTICLE]
    return tuple(Source(article, texts[at], " ".join(texts[max(0, at - 2) : at + 2])) for at in sorted(drawn))


def _stands_alone(sentence: str) -> bool:
    count = len(sentence.split())
    particular = names(sentence) or numbers(sentence)
    return SHORTEST_SENTENCE <= count <= LONGEST_SENTENCE and bool(particular) and not _OPENS_LEANING.match(sentence)


def fault_of(question: str, sentence: str) -> str | None:
    """Why a question is of no use, None for a good one."""
    count, asked = len(question.split()), content_words(question)
    if not question.endswith("?") or question.count("?") > 1 or "\n" in question:
        return "is not one question"
    if not SHORTEST_QUESTION <= count <= LONGEST_QUESTION:
        return "is too short or too long"
    if unclear(question, ()) or not (names(question) or numbers(question)):
        return "does not name what it asks about"
    if not asked & content_words(sentence):
        return "shares no word with its sentence"
    if len(content_words(sentence) & asked) > MOST_TOLD * len(content_words(sentence)):
        return "tells the whole sentence"
    return None


@dataclass(frozen=True, slots=True)
class Mined:
    """The rows of a dataset folder, and how many questions each fault cost."""

    corpus: tuple[dict[str, Any], ...]
    questions: tuple[dict[str, Any], ...]
    dropped: dict[str, int]

    def write(self, folder: Path) -> None:
        """As corpus.jsonl and questions.jsonl."""
        folder.mkdir(parents=True, exist_ok=True)
        for name, rows in (("corpus", self.corpus), ("questions", self.questions)):
            lines = "".join(json.dumps(row) + "\n" for row in rows)  # ASCII: half a character is no line's end
            (folder / f"{name}.jsonl").write_text(lines, encoding="ascii")


def mine(articles: Iterable[Article], write: Write, limit: int, seed: int) -> Mined:
    """Draw articles, have questions written until there are `limit`, and leave every LEFT_OUT-th drawn article out.

    Of a left-out article nothing is in the corpus, so its questions are not answerable from it.
    """
    drawn = sorted(articles, key=lambda article: _lot(article.id, seed))
    left_out = {article.id for at, article in enumerate(drawn) if at % LEFT_OUT == LEFT_OUT - 1}
    dropped: dict[str, int] = {}
    questions: dict[str, dict[str, Any]] = {}
    for source in _in_turn([sources_of(article, seed) for article in drawn]):
        if len(questions) >= limit:
            break
        question = " ".join(write(source.article.title, source.passage, source.sentence).split()).strip('"“”')
        fault = fault_of(question, source.sentence) or ("was asked before" if question in questions else None)
        if fault:
            dropped[fault] = dropped.get(fault, 0) + 1
        else:
            questions[question] = _row(question, source, source.article.id not in left_out)
    corpus = tuple(_document(article) for article in drawn if article.id not in left_out)
    return Mined(corpus, tuple(questions.values()), dropped)


def _in_turn(by_article: Sequence[Sequence[Source]]) -> Iterator[Source]:
    """The first sentence of every article, then the second ones."""
    for at in range(PER_ARTICLE):
        yield from (sources[at] for sources in by_article if at < len(sources))


def _row(question: str, source: Source, answerable: bool) -> dict[str, Any]:
    return {
        "qid": hashlib.sha256(question.encode("utf-8", "replace")).hexdigest()[:12],
        "question": question,
        "answers": [],
        "answerable": answerable,
        "gold_docs": [source.article.id] if answerable else [],
        "gold_evidence": [source.sentence] if answerable else [],
        "type": "mined",
    }


def _document(article: Article) -> dict[str, Any]:
    return {
        "doc_id": article.id,
        "title": article.title,
        "text": article.text,
        "date": article.published.isoformat() if article.published else None,
        "url": article.url,
        "source": article.source,
    }


def _lot(name: str, seed: int) -> bytes:
    return hashlib.sha256(f"{seed}\n{name}".encode("utf-8", "surrogatepass")).digest()
