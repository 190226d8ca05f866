"""One question's gold, hits and answer → its scores by name.

Knows the answer's and the dataset's values and the metrics; reads no file and averages nothing. A metric that is
undefined for this question is absent from its scores. A document is spoken of by the dataset's name for it.

The scores, by who has them:
    answerable      inclusion token_f1 token_recall rouge_l [yes_no] right; an abstention scores 0 in each
    every question  abstained reliability probability_answerable
    clarify         asks_back, of questions whose wanted reply is a question: these have no reliability
    with evidence   evidence_recall evidence_precision quote_evidence_recall quote_evidence_precision
    with documents  document_recall document_precision
    with citations  quote_validity; with markers marker_validity; with a judge alce_recall alce_precision
    retrieval       evidence_recall@k document_hit@k document_recall@k mrr@10 ndcg@10
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass

from assistant.evaluation import metrics
from assistant.evaluation.datasets import GoldQuestion
from assistant.evaluation.metrics import CitedSentence, DocSpan, Entails, Places
from assistant.types import Answer, Citation, Claim
from index.types import Hit

Scores = dict[str, float]

CLARIFY_TYPES = frozenset({"underspecified"})
"""Questions that want a question back: neither answering nor abstaining is right, so they are scored apart."""

LONG_ANSWER_TOKENS = 12
LONG_ANSWER_RECALL = 0.5
"""Nobody repeats a reference of many words verbatim: where each has more than 12, holding half of one is right."""

KS = (1, 5, 10)


@dataclass(frozen=True, slots=True)
class Library:
    """The indexed corpus by the index's ids: `documents` to the dataset's names, `text` to what is stored."""

    documents: Mapping[str, str]
    text: Callable[[str], str | None]

    def span(self, article_id: str, start: int, end: int) -> DocSpan:
        """A stretch of an article under the dataset's name; an article from elsewhere matches no gold."""
        return DocSpan(self.documents.get(article_id, ""), start, end)


@dataclass(frozen=True, slots=True)
class Gold:
    """A question's gold evidence found in the texts: by annotator, by string, everywhere it occurs."""

    evidence_sets: tuple[tuple[Places, ...], ...]
    docs: frozenset[str]

    @property
    def strings(self) -> tuple[Places, ...]:
        """Every gold string, whoever chose it."""
        return tuple(dict.fromkeys(places for gold in self.evidence_sets for places in gold))


def locate(question: GoldQuestion, texts: Mapping[str, str]) -> Gold:
    """Find each gold string in the gold documents; one that is nowhere stays, and cannot be reached."""
    docs = [(doc_id, texts[doc_id]) for doc_id in question.gold_docs if doc_id in texts]
    return Gold(
        tuple(tuple(tuple(_occurrences(string, docs)) for string in strings) for strings in question.evidence_sets),
        frozenset(question.gold_docs),
    )


def _occurrences(string: str, docs: Sequence[tuple[str, str]]) -> Iterator[DocSpan]:
    for doc_id, text in docs:
        at = text.find(string)
        while at >= 0:
            yield DocSpan(doc_id, at, at + len(string))
            at = text.find(string, at + 1)


def score_retrieval(gold: Gold, hits: Sequence[Hit], library: Library) -> Scores:
    """How much of the gold the best hits hold. `k` counts chunks: a document counts from its first chunk on."""
    spans = [library.span(hit.chunk.article_id, hit.chunk.start, hit.chunk.end) for hit in hits]
    ranking = [span.doc_id for span in spans]
    scores: dict[str, float | None] = {
        "mrr@10": metrics.reciprocal_rank(gold.docs, ranking, 10),
        "ndcg@10": metrics.ndcg(gold.docs, ranking, 10),
    }
    for k in KS:
        scores[f"evidence_recall@{k}"] = metrics.evidence_recall(gold.evidence_sets, [spans[:k]])
        scores[f"document_hit@{k}"] = metrics.document_hit(gold.docs, ranking, k)
        scores[f"document_recall@{k}"] = metrics.document_recall(gold.docs, ranking, k)
    return _defined(scores)


def score_answer(
    question: GoldQuestion,
    gold: Gold,
    hits: Sequence[Hit],
    answer: Answer,
    library: Library,
    entails: Entails | None,
) -> Scores:
    """All scores of an answer but those of retrieval."""
    return {
        **_score_text(question, answer),
        **_score_abstention(question, answer),
        **_score_citations(question, gold, hits, answer, library),
        **_score_markers(answer),
        **(_score_judged(answer, entails) if entails else {}),
    }


# --- text and abstention -----------------------------------------------------------------------------------------


def _score_text(question: GoldQuestion, answer: Answer) -> Scores:
    if not question.answerable:
        return {}
    said = "" if answer.abstained else answer.text
    scores = {
        "inclusion": metrics.inclusion(said, question.answers),
        "token_f1": metrics.token_f1(said, question.answers),
        "token_recall": metrics.token_recall(said, question.answers),
        "rouge_l": metrics.rouge_l(said, question.answers),
        "yes_no": metrics.yes_no(said, question.answers),
    }
    return {**_defined(scores), **_defined({"right": _right(said, question.answers)})}


def _right(said: str, golds: Sequence[str]) -> float | None:
    """Yes/no questions by their first yes or no, short answers by inclusion, long ones by half of a reference."""
    if (verdict := metrics.yes_no(said, golds)) is not None:
        return verdict
    if all(len(gold.split()) > LONG_ANSWER_TOKENS for gold in metrics.references(golds)):
        recall = metrics.token_recall(said, golds)
        return None if recall is None else float(recall >= LONG_ANSWER_RECALL)
    return metrics.inclusion(said, golds)


def _score_abstention(question: GoldQuestion, answer: Answer) -> Scores:
    scores = {
        "abstained": float(answer.abstained),
        "probability_answerable": 1 - answer.confidence if answer.abstained else answer.confidence,
    }
    if question.type in CLARIFY_TYPES:
        return {**scores, "asks_back": float("?" in answer.text)}
    right = _right(answer.text, question.answers) if question.answerable else 0.0
    if right is None:  # answerable, but nobody wrote down the answer
        return scores
    return {**scores, "reliability": metrics.reward(question.answerable, answer.abstained, bool(right))}


# --- citations ---------------------------------------------------------------------------------------------------


def _score_citations(
    question: GoldQuestion, gold: Gold, hits: Sequence[Hit], answer: Answer, library: Library
) -> Scores:
    scores = {"quote_validity": _quote_validity(answer.citations, library)}
    if question.answerable:
        chunks = _chunk_spans(hits, answer, library)
        quotes = [(library.span(cited.article_id, cited.start, cited.end),) for cited in answer.citations]
        shown = [
            (*quote, *chunks.get(cited.chunk_id, ())) for quote, cited in zip(quotes, answer.citations, strict=True)
        ]
        scores |= {
            "evidence_recall": _recall(gold, shown),
            "evidence_precision": _precision(gold, shown),
            "quote_evidence_recall": _recall(gold, quotes),
            "quote_evidence_precision": _precision(gold, quotes),
            **_document_scores(gold.docs, answer.citations, library),
        }
    return _defined(scores)


def _recall(gold: Gold, citations: Sequence[Sequence[DocSpan]]) -> float | None:
    """The rule asks one chunk or one quote for 80 %: two halves are not a hit."""
    return metrics.evidence_recall(gold.evidence_sets, [(span,) for spans in citations for span in spans])


def _precision(gold: Gold, citations: Sequence[Sequence[DocSpan]]) -> float | None:
    """Citations that overlap a gold string / citations; None where there is no citation or no gold evidence."""
    if not gold.strings:
        return None
    good = sum(any(metrics.overlaps(places, spans) for places in gold.strings) for spans in citations)
    return metrics.share(good, len(citations))


def _document_scores(
    gold_docs: frozenset[str], citations: Sequence[Citation], library: Library
) -> dict[str, float | None]:
    if not gold_docs:
        return {}
    cited = [library.documents.get(citation.article_id, "") for citation in citations]
    return {
        "document_recall": metrics.share(len(gold_docs & set(cited)), len(gold_docs)),
        "document_precision": metrics.share(sum(doc_id in gold_docs for doc_id in cited), len(cited)),
    }


def _chunk_spans(hits: Sequence[Hit], answer: Answer, library: Library) -> dict[str, tuple[DocSpan]]:
    chunks = [evidence.hit.chunk for evidence in answer.evidence] + [hit.chunk for hit in hits]
    return {chunk.id: (library.span(chunk.article_id, chunk.start, chunk.end),) for chunk in chunks}


def _quote_validity(citations: Sequence[Citation], library: Library) -> float | None:
    """Citations whose quote equals the stored span / citations."""
    return metrics.share(sum(_is_verbatim(citation, library) for citation in citations), len(citations))


def _is_verbatim(citation: Citation, library: Library) -> bool:
    stored = library.text(citation.article_id)
    return stored is not None and stored[citation.start : citation.end] == citation.quote


def _score_markers(answer: Answer) -> Scores:
    """Markers of the raw text that point at shown evidence / markers of the raw text."""
    shown = {evidence.number for evidence in answer.evidence}
    numbers = metrics.marker_numbers(answer.raw_text)
    return _defined({"marker_validity": metrics.share(sum(number in shown for number in numbers), len(numbers))})


# --- citations with a judge --------------------------------------------------------------------------------------


def _score_judged(answer: Answer, entails: Entails) -> Scores:
    if answer.abstained:
        return {}
    sentences = tuple(_cited_sentence(claim, answer) for claim in answer.claims)
    return _defined(
        {
            "alce_recall": metrics.alce_recall(sentences, entails),
            "alce_precision": metrics.alce_precision(sentences, entails),
        }
    )


def _cited_sentence(claim: Claim, answer: Answer) -> CitedSentence:
    """A sentence with the passages it cites: the evidence a citation was cut from, else the quote alone."""
    cited = {citation.number: citation for citation in answer.citations}
    shown = {evidence.hit.chunk.id: evidence.text for evidence in answer.evidence}
    numbers = tuple(dict.fromkeys(metrics.marker_numbers(claim.text) or claim.numbers))
    passages = (cited[number] for number in numbers if number in cited)
    return CitedSentence(
        text=" ".join(metrics.without_markers(claim.text).split()),
        passages=tuple(shown.get(citation.chunk_id, citation.quote) for citation in passages),
        invalid=any(number not in cited for number in numbers),
    )


def _defined(scores: Mapping[str, float | None]) -> Scores:
    return {name: float(value) for name, value in scores.items() if value is not None}
