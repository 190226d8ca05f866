"""The same sentence told by several articles is folded into one that lists them.

Knows words, numbers and names; no meaning, no question. News agencies' stories are printed by many outlets with small
edits; shown twice they cost the reader time and the model its budget. MinHash (rensa) finds the pairs worth comparing,
the sets of words themselves decide. A sentence is folded only into one that says all it says: a number, a date, a name,
a denial or any other content word of its own keeps it.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import date
from itertools import pairwise

from rensa import RMinHash, RMinHashLSH

from assistant.candidates import Candidate
from assistant.wording import content_words, names, numbers, words

LIKE = 0.5
"""The least Jaccard similarity of two sentences' words and pairs of words. One of them shortened by a third is above
it, the same words in a wholly different order are below."""
_DENIALS = frozenset(
    "no not never none nor neither without cannot deny denies denied denying false falsely untrue".split()
)
_REPORTING = content_words("report reports reported state stated add added announce announced official officials")
"""Outlets attribute in their own words; who said it stands in the names, which are compared."""

PERMUTATIONS, BANDS, SEED = 126, 42, 1
"""42 bands of 3 rows: a pair of similarity 0.5 is looked at with probability 0.996, one of 0.2 with 0.29."""


@dataclass(frozen=True, slots=True)
class Gist:
    """What of a sentence is compared."""

    shingles: frozenset[str]
    content: frozenset[str]
    exact: frozenset[str]
    """Numbers and denials: these have to be the same on both sides."""
    names: frozenset[str]

    @classmethod
    def of(cls, text: str, shingles: frozenset[str]) -> Gist:
        denials = {"not" for word in shingles if word in _DENIALS or word.endswith("n't")}
        return cls(
            shingles,
            content_words(text) - _REPORTING,
            numbers(text) | denials,
            names(text) - _REPORTING,
        )

    def says_no_more_than(self, other: Gist) -> bool:
        """Whether all that is said here is said there, and no number, name or denial is there alone."""
        same = self.exact == other.exact and other.names <= self.content and self.content <= other.content
        return same and self.likeness(other) >= LIKE

    def likeness(self, other: Gist) -> float:
        """The Jaccard similarity of the shingles, in 0..1."""
        shared, both = self.shingles & other.shingles, self.shingles | other.shingles
        return len(shared) / len(both) if both else 1.0


def fold(candidates: Sequence[Candidate]) -> list[Candidate]:
    """The candidates without those folded into another's `twins`, in their order; twins lend their better rank.

    The sentence shown is that of the earliest dated article, of several that of the one found with most text: the
    original, as far as dates tell. Sentences of one article are never folded into each other.
    """
    shingles = [_shingles(candidate.text) for candidate in candidates]
    like = _alike(shingles)
    gists = {i: Gist.of(candidates[i].text, shingles[i]) for i, others in enumerate(like) if others}
    first = _precedence(candidates)
    twins: dict[int, list[int]] = {}
    for i in sorted(range(len(candidates)), key=lambda i: (first[candidates[i].stretch.article.id], i)):
        shown = [j for j in like[i] if j in twins and _of_other_articles(candidates[i], candidates[j])]
        holding = [j for j in shown if gists[i].says_no_more_than(gists[j])]
        if holding:
            twins[max(holding, key=lambda j: gists[i].likeness(gists[j]))].append(i)
        else:
            twins[i] = []
    return [_with_twins(candidates[i], [candidates[j] for j in twins[i]]) for i in sorted(twins)]


def _with_twins(candidate: Candidate, twins: Sequence[Candidate]) -> Candidate:
    rank = min(one.rank for one in (candidate, *twins))
    return replace(candidate, rank=rank, twins=tuple(twins)) if twins else candidate


def _precedence(candidates: Iterable[Candidate]) -> Mapping[str, int]:
    """The place of each article by its date, undated ones last, then by how much of it was found."""
    found: dict[str, tuple[date, int]] = {}
    for candidate in candidates:
        article = candidate.stretch.article
        day, length = found.get(article.id, (article.published or date.max, 0))
        found[article.id] = (day, length - len(candidate.text))
    return {article_id: place for place, article_id in enumerate(sorted(found, key=lambda a: found[a]))}


def _alike(sets: Sequence[frozenset[str]]) -> list[list[int]]:
    """For each set the others that share a band of its MinHash signature, in their order."""
    signatures = RMinHash.from_token_sets([list(s) for s in sets], num_perm=PERMUTATIONS, seed=SEED)
    buckets = RMinHashLSH(threshold=LIKE, num_perm=PERMUTATIONS, num_bands=BANDS)
    buckets.insert_many(signatures)
    return [sorted(set(buckets.query(signature)) - {i}) for i, signature in enumerate(signatures)]


def _shingles(text: str) -> frozenset[str]:
    """The words of a text, and the pairs of words that follow one another."""
    said = words(text)
    return frozenset({f"{one} {other}" for one, other in pairwise(said)} | set(said))


def _of_other_articles(one: Candidate, other: Candidate) -> bool:
    return one.stretch.article.id != other.stretch.article.id
