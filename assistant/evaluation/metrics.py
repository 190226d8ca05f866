"""The arithmetic of evaluation: what each metric is, and what it is of nothing.

Pure functions over strings, numbers and spans. Knows no file, model, dataset format or answer type. A metric that is
undefined for its input (no gold, no citation, only one class) is None, never 0: whoever averages leaves it out and
says how many were left in.

    answers      inclusion, token_f1, token_recall, rouge_l, yes_no        0..1, best over the gold strings
    abstention   Abstention (four counts and the rates of them), auroc, reliability
    citations    evidence_recall, share (of anything), alce_recall, alce_precision
    retrieval    evidence_recall, document_hit, document_recall, reciprocal_rank, ndcg
    verifier     auroc, average_precision, balanced_accuracy, best_threshold
    doubt        bootstrap, percentile
"""

from __future__ import annotations

import math
import re
import string
from collections import Counter
from collections.abc import Callable, Collection, Iterable, Sequence
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

Indices = npt.NDArray[np.intp]
Entails = Callable[[str, str], bool]
"""(premise, hypothesis): does the first entail the second?"""

MARKER = re.compile(r"\[\s*(\d+(?:\s*[,;]\s*\d+)*)\s*\]")
"""A citation marker as models write it: [1], [2, 3]. Apart from the parser that answers, so that it can check it."""

_MARKERS_BEFORE_A_STOP = re.compile(rf"(?:\s*{MARKER.pattern})+(?=[\s.,;:!?)]|$)")

RESAMPLES = 1000
ALCE_CITATIONS = 3
"""ALCE looks at the first three citations of a sentence."""

_DELETED = str.maketrans("", "", string.punctuation + "‘’‚‛“”„‟")
_ARTICLES = re.compile(r"\b(?:a|an|the)\b")


# --- answers -----------------------------------------------------------------------------------------------------


def normalize(text: str) -> str:
    """Lowercase; delete ASCII punctuation and curly quotes; delete the words a, an, the; collapse white space."""
    return " ".join(_ARTICLES.sub(" ", text.lower().translate(_DELETED)).split())


def without_markers(text: str) -> str:
    """The text without citation markers, their space before punctuation gone too: "Fish [1][2]." gives "Fish."."""
    return MARKER.sub(" ", _MARKERS_BEFORE_A_STOP.sub("", text))


def marker_numbers(text: str) -> tuple[int, ...]:
    """The numbers of all markers in order, repeats kept: "x [2, 1][2]" gives (2, 1, 2)."""
    return tuple(int(n) for marker in MARKER.findall(text) for n in re.findall(r"\d+", marker))


def references(golds: Iterable[str]) -> tuple[str, ...]:
    """The gold strings normalized; those of which nothing remains are dropped, for everything would contain them."""
    return tuple(gold for gold in map(normalize, golds) if gold)


def inclusion(answer: str, golds: Sequence[str]) -> float | None:
    """1 if a gold string, normalized, occurs in the normalized answer as whole words; None without gold strings."""
    if not (wanted := references(golds)):
        return None
    padded = f" {normalize(without_markers(answer))} "
    return float(any(f" {gold} " in padded for gold in wanted))


def token_f1(answer: str, golds: Sequence[str]) -> float | None:
    """The best harmonic mean of multiset token precision and recall over the gold strings; None without any."""
    return _best(answer, golds, _f1)


def token_recall(answer: str, golds: Sequence[str]) -> float | None:
    """The best share of a gold string's tokens (a multiset) found in the answer; None without gold strings."""
    return _best(answer, golds, lambda said, gold: _overlap(said, gold) / len(gold))


def rouge_l(answer: str, golds: Sequence[str]) -> float | None:
    """The best ROUGE-L F1 (longest common subsequence of normalized tokens) over the gold strings; None without any."""
    return _best(answer, golds, _rouge_l)


def yes_no(answer: str, golds: Sequence[str]) -> float | None:
    """1 if the answer's first yes or no is a gold one, 0 if not or if it has none; None unless all golds are yes/no."""
    wanted = set(references(golds))
    if not wanted or wanted - {"yes", "no"}:
        return None
    said = (token for token in normalize(without_markers(answer)).split() if token in {"yes", "no"})
    return float(next(said, None) in wanted)


def _best(answer: str, golds: Sequence[str], score: Callable[[list[str], list[str]], float]) -> float | None:
    said = normalize(without_markers(answer)).split()
    return max((score(said, gold.split()) for gold in references(golds)), default=None)


def _overlap(said: list[str], gold: list[str]) -> int:
    return (Counter(said) & Counter(gold)).total()


def _f1(said: list[str], gold: list[str]) -> float:
    return 2 * _overlap(said, gold) / (len(said) + len(gold))


def _rouge_l(said: list[str], gold: list[str]) -> float:
    return 2 * _common_subsequence(said, gold) / (len(said) + len(gold))


def _common_subsequence(left: list[str], right: list[str]) -> int:
    lengths = [0] * (len(right) + 1)
    for word in left:
        diagonal = 0
        for at, other in enumerate(right, start=1):
            above = lengths[at]
            lengths[at] = diagonal + 1 if word == other else max(above, lengths[at - 1])
            diagonal = above
    return lengths[-1]


# --- abstention --------------------------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class Abstention:
    """Who abstained on what. Each rate is None where its denominator is 0."""

    abstained_unanswerable: int
    abstained_answerable: int
    answered_unanswerable: int
    answered_answerable: int

    @property
    def rejection_recall(self) -> float | None:
        """Abstentions on the unanswerable / the unanswerable."""
        return share(self.abstained_unanswerable, self.abstained_unanswerable + self.answered_unanswerable)

    @property
    def over_abstention(self) -> float | None:
        """Abstentions on the answerable / the answerable."""
        return share(self.abstained_answerable, self.abstained_answerable + self.answered_answerable)

    @property
    def precision(self) -> float | None:
        """Abstentions on the unanswerable / abstentions."""
        return share(self.abstained_unanswerable, self.abstained_unanswerable + self.abstained_answerable)

    @property
    def balanced_accuracy(self) -> float | None:
        """(rejection recall + 1 - over-abstention) / 2; needs both kinds of question."""
        if self.rejection_recall is None or self.over_abstention is None:
            return None
        return (self.rejection_recall + 1 - self.over_abstention) / 2

    def if_always_answering(self) -> Abstention:
        """The same questions put to a system that never abstains."""
        return Abstention(
            0,
            0,
            self.abstained_unanswerable + self.answered_unanswerable,
            self.abstained_answerable + self.answered_answerable,
        )

    def if_always_abstaining(self) -> Abstention:
        """The same questions put to a system that never answers."""
        return Abstention(
            self.abstained_unanswerable + self.answered_unanswerable,
            self.abstained_answerable + self.answered_answerable,
            0,
            0,
        )


def count_abstentions(answerable: Sequence[bool], abstained: Sequence[bool]) -> Abstention:
    """The four counts of questions given in the same order."""
    pairs = Counter(zip(map(bool, answerable), map(bool, abstained), strict=True))
    return Abstention(pairs[False, True], pairs[True, True], pairs[False, False], pairs[True, False])


def reward(answerable: bool, abstained: bool, right: bool) -> float:
    """One question's part in reliability, their mean: +1 right answer or right abstention, 0 abstained, -1 wrong."""
    if abstained:
        return 0.0 if answerable else 1.0
    return 1.0 if answerable and right else -1.0


def share(part: float, whole: float) -> float | None:
    """part / whole, None of nothing."""
    return part / whole if whole else None


# --- ranking and classifying by a score --------------------------------------------------------------------------


def auroc(positives: Sequence[float], negatives: Sequence[float]) -> float | None:
    """The chance that a positive scores above a negative, a tie counting half; None unless both are there."""
    if not len(positives) or not len(negatives):
        return None
    ordered = np.sort(np.asarray(negatives, dtype=float))
    below = np.searchsorted(ordered, positives, side="left")
    not_above = np.searchsorted(ordered, positives, side="right")
    return float((below + not_above).sum() / (2 * len(positives) * len(negatives)))


def average_precision(scores: Sequence[float], positive: Sequence[bool]) -> float | None:
    """The sum over thresholds of (gain in recall) x precision; equal scores share a threshold. None if no positive."""
    labels = np.asarray(positive, dtype=bool)
    if not labels.any():
        return None
    order = np.argsort(-np.asarray(scores, dtype=float), kind="stable")
    ranked = np.asarray(scores, dtype=float)[order]
    last_of_tie = np.append(ranked[1:] != ranked[:-1], True)
    found = np.cumsum(labels[order])[last_of_tie]
    seen = np.flatnonzero(last_of_tie) + 1
    return float((np.diff(found, prepend=0) * found / seen).sum() / labels.sum())


def balanced_accuracy(scores: Sequence[float], positive: Sequence[bool], threshold: float) -> float | None:
    """The mean of the two classes' recall when `score >= threshold` says positive; None unless both are there."""
    said = np.asarray(scores, dtype=float) >= threshold
    labels = np.asarray(positive, dtype=bool)
    if labels.all() or not labels.any():
        return None
    return (float(said[labels].mean()) + float((~said[~labels]).mean())) / 2


def best_threshold(scores: Sequence[float], positive: Sequence[bool]) -> float | None:
    """The threshold of greatest balanced accuracy, half-way between two scores; the lowest of equals.

    None unless both classes are there.
    """
    labels = np.asarray(positive, dtype=bool)
    if labels.all() or not labels.any():
        return None
    distinct = np.unique(np.asarray(scores, dtype=float))
    candidates: list[float] = [distinct[0].item(), *((distinct[1:] + distinct[:-1]) / 2).tolist()]
    return max(candidates, key=lambda at: balanced_accuracy(scores, positive, at) or 0.0)


# --- spans: the 80 % rule ----------------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class DocSpan:
    """Code points start..end (half-open) of one document's text."""

    doc_id: str
    start: int
    end: int


Places = tuple[DocSpan, ...]
"""Everywhere one gold string occurs: reaching it in one place is reaching it."""


def covered(span: DocSpan, by: Iterable[DocSpan]) -> int:
    """How many of the span's code points lie in the union of the others."""
    pieces = sorted(
        (max(span.start, other.start), min(span.end, other.end)) for other in by if other.doc_id == span.doc_id
    )
    total, reached = 0, span.start
    for start, end in pieces:
        total += max(0, end - max(start, reached))
        reached = max(reached, end)
    return total


def reaches(places: Places, spans: Collection[DocSpan]) -> bool:
    """Whether the union of the spans covers at least 80 % of the gold string, in whole numbers, at one place."""
    return any(covered(place, spans) * 5 >= (place.end - place.start) * 4 for place in places)


def overlaps(places: Places, spans: Collection[DocSpan]) -> bool:
    """Whether a span shares at least one code point with the gold string."""
    return any(covered(place, spans) > 0 for place in places)


def evidence_recall(gold_sets: Sequence[Sequence[Places]], groups: Sequence[Collection[DocSpan]]) -> float | None:
    """Gold strings reached by any group / gold strings, of the best annotator's set; None without gold strings.

    A group is what counts together: all top k chunks are one group, of citations each chunk and each quote is its own.
    """
    shares = (
        sum(any(reaches(places, group) for group in groups) for places in gold) / len(gold)
        for gold in gold_sets
        if gold
    )
    return max(shares, default=None)


# --- retrieval: a ranking is the documents of the chunks found, best first -----------------------------------------


def document_hit(gold: Collection[str], ranking: Sequence[str], k: int) -> float | None:
    """1 if a gold document has a chunk among the first k; None without gold documents."""
    return float(any(doc in gold for doc in ranking[:k])) if gold else None


def document_recall(gold: Collection[str], ranking: Sequence[str], k: int) -> float | None:
    """Gold documents with a chunk among the first k / gold documents; None without gold documents."""
    return share(len(set(gold) & set(ranking[:k])), len(set(gold)))


def reciprocal_rank(gold: Collection[str], ranking: Sequence[str], k: int = 10) -> float | None:
    """1 / rank of the first chunk of a gold document, 0 if none is among the first k; None without gold documents."""
    if not gold:
        return None
    return next((1 / rank for rank, doc in enumerate(ranking[:k], start=1) if doc in gold), 0.0)


def ndcg(gold: Collection[str], ranking: Sequence[str], k: int = 10) -> float | None:
    """DCG / best possible DCG; a gold document gains 1 at its first chunk's rank, later chunks of it gain nothing.

    None without gold documents.
    """
    if not gold:
        return None
    first_ranks = {doc: rank for rank, doc in reversed(list(enumerate(ranking[:k], start=1)))}
    gained = math.fsum(_discount(first_ranks[doc]) for doc in set(gold) & first_ranks.keys())
    return gained / math.fsum(_discount(rank) for rank in range(1, min(len(set(gold)), k) + 1))


def _discount(rank: int) -> float:
    return 1 / math.log2(rank + 1)


# --- citations with a judge (ALCE) -------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class CitedSentence:
    """A sentence without its markers, the passages it cites in order, and whether a marker of it leads nowhere."""

    text: str
    passages: tuple[str, ...]
    invalid: bool = False


def alce_recall(sentences: Sequence[CitedSentence], entails: Entails) -> float | None:
    """The share of sentences that their joined citations entail; without or with an invalid citation, not.

    The first three citations count. None without sentences.
    """
    return share(sum(_supported(sentence, entails) for sentence in sentences), len(sentences))


def alce_precision(sentences: Sequence[CitedSentence], entails: Entails) -> float | None:
    """The mean over cited sentences of the share of their citations that are of use.

    All of an unsupported sentence are not; a lone one of a supported sentence is; of several, one is not only if it
    alone does not entail the sentence and the others together still do. 0 where no sentence is cited; None without
    sentences.
    """
    if not sentences:
        return None
    cited = [_useful_share(sentence, entails) for sentence in sentences if sentence.passages or sentence.invalid]
    return sum(cited) / len(cited) if cited else 0.0


def _supported(sentence: CitedSentence, entails: Entails) -> bool:
    passages = sentence.passages[:ALCE_CITATIONS]
    return bool(passages) and not sentence.invalid and entails("\n".join(passages), sentence.text)


def _useful_share(sentence: CitedSentence, entails: Entails) -> float:
    if not _supported(sentence, entails):
        return 0.0
    passages = sentence.passages[:ALCE_CITATIONS]
    return sum(_useful(at, passages, sentence.text, entails) for at in range(len(passages))) / len(passages)


def _useful(at: int, passages: tuple[str, ...], text: str, entails: Entails) -> bool:
    others = passages[:at] + passages[at + 1 :]
    return entails(passages[at], text) or not entails("\n".join(others), text)


# --- doubt -------------------------------------------------------------------------------------------------------


def bootstrap(
    statistic: Callable[[Indices], float | None], size: int, seed: int, resamples: int = RESAMPLES
) -> tuple[float, float] | None:
    """The 95 % percentile interval of a statistic when `size` questions are drawn again with replacement.

    The statistic is given which questions were drawn. Resamples that leave it undefined are left out; None when all
    do. The same seed and size draw the same questions: that is what pairs two systems, or two metrics.
    """
    if size == 0:
        return None
    draws = np.random.default_rng(seed).integers(0, size, size=(resamples, size))
    values = [value for draw in draws if (value := statistic(draw)) is not None]
    if not values:
        return None
    low, high = np.percentile(values, [2.5, 97.5])
    return float(low), float(high)


def percentile(values: Sequence[float], percent: float) -> float | None:
    """The percentile with linear interpolation; None of nothing."""
    return float(np.percentile(values, percent)) if len(values) else None
