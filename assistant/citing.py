"""The model's text becomes claims with citations; quotes are cut from the evidence by offsets.

Knows markers and evidence sentences; what "supports" means it asks of the scorer it is given. The model's markers are
hints: each sentence is matched with the evidence sentences that hold it, its own markers' passages preferred, so a
marker at the wrong passage is corrected and a forgotten one supplied (LongCite and CiteFix attribute the same way
round: the model points, the program cites). A marker that points nowhere is cut from the shown text and reported.
"""

from __future__ import annotations

import re
from bisect import bisect_left, bisect_right
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from typing import Protocol

from assistant.comparing import in_its_article
from assistant.types import Citation, Evidence, Span, Unresolved
from index.sentences import sentence_spans

# Every pattern takes linear time: a model may say nothing but blanks and brackets. Hence *+, which never backtracks.
_BRACKET = r"[\[【]\s*+\d(?:[\d\s,;–-]|and)*+[\]】]"
# The blanks before a marker go with it, but not in "broke. [2]The river", where they part two words.
_MARKER = re.compile(rf"(?<![ \t])[ \t]*+{_BRACKET}(?!(?:{_BRACKET}){{0,3}}+[^\W_])|{_BRACKET}")
_UNDECIDED = re.compile(rf"(?<![ \t])[ \t]*+(?:{_BRACKET}){{0,4}}+(?:[\[【][\d\s,;–and-]*+)?\Z")
_RANGE = re.compile(r"(\d{1,9})\s*[–-]\s*(\d{1,9})")
_ROUND = str.maketrans("[]【】", "()()")
_FINISHED = re.compile(r"[.!?…。！？][\"'”’»)\]]*$")
_COMMAS_BETWEEN = re.compile(r",(?:[ ]?,)++")
_COMMAS_AT_END = re.compile(r"(?:[ ]?[,;])++[ ]?([.!?…]*)$")
LONGEST_RANGE = 20
"""[1-3] means 1, 2, 3; a range longer than this is no citation any more, and only its ends are read."""


class Scorer(Protocol):
    """How far passages hold a claim, in 0..1. The same measure as the verifier's, so that both agree."""

    def __call__(self, claim: str, passages: Sequence[str]) -> float: ...


@dataclass(frozen=True, slots=True)
class Marker:
    """A marker as the model wrote it. `at` is where it stood in the text once all markers are cut out."""

    text: str
    start: int
    end: int
    at: int
    numbers: tuple[int, ...]


@dataclass(frozen=True, slots=True)
class Sentence:
    """One sentence of the model's text without markers, with the evidence numbers its markers named."""

    text: str
    numbers: tuple[int, ...]
    paragraph: int


@dataclass(frozen=True, slots=True)
class Quote:
    """A stretch of one piece of evidence: offsets into the article, inside the evidence."""

    evidence: Evidence
    start: int
    end: int

    @property
    def text(self) -> str:
        offset = self.evidence.start
        return self.evidence.text[self.start - offset : self.end - offset]

    def told(self, claim: str) -> str:
        """The text as it is weighed against a claim: after what the claim names and the article's title holds."""
        return in_its_article(claim, self.text, self.evidence.hit.article.title)


@dataclass(frozen=True, slots=True)
class CitedSentence:
    """A sentence and the quotes found for it. `text` carries no markers."""

    text: str
    quotes: tuple[Quote, ...]
    support: float
    paragraph: int


@dataclass(frozen=True, slots=True)
class Shown:
    """The shown text, where each sentence lies in it with its citation numbers, and the citations 1..m."""

    text: str
    sentences: tuple[tuple[Span, tuple[int, ...]], ...]
    citations: tuple[Citation, ...]


def find_markers(text: str) -> tuple[Marker, ...]:
    """Every marker, in order: [1], [1, 2], [1-3], [1][2], 【1】."""
    markers, removed = [], 0
    for match in _MARKER.finditer(text):
        markers.append(
            Marker(match.group(), match.start(), match.end(), match.start() - removed, _numbers(match.group()))
        )
        removed += match.end() - match.start()
    return tuple(markers)


def _numbers(marker: str) -> tuple[int, ...]:
    found: dict[int, None] = {}
    for match in _RANGE.finditer(marker):
        first, last = int(match[1]), int(match[2])
        if first <= last <= first + LONGEST_RANGE:
            found |= dict.fromkeys(range(first, last + 1))
    found |= dict.fromkeys(int(n[:9]) for n in re.findall(r"\d+", marker))
    return tuple(sorted(found))


def without_markers(text: str) -> str:
    """The text with every marker cut out, and the blanks before it where they would be left over."""
    return _MARKER.sub("", text)


def defused(text: str) -> str:
    """The text, of the same length, with round brackets for those of markers: shown, they would lead nowhere."""
    return _MARKER.sub(lambda match: match.group().translate(_ROUND), text)


def unresolved(markers: Sequence[Marker], evidence: Sequence[Evidence]) -> tuple[Unresolved, ...]:
    """The markers that name at least one number no evidence has."""
    known = {piece.number for piece in evidence}
    return tuple(Unresolved(m.text.strip(), m.start, m.end) for m in markers if not known.issuperset(m.numbers))


def split_sentences(raw: str) -> tuple[Sentence, ...]:
    """The sentences of the model's text, each with the markers that belong to it.

    A marker belongs to the sentence it stands in or directly behind. Where the text opens with a marker, the model
    puts them in front, and each belongs to the sentence that follows.
    """
    markers = find_markers(raw)
    text = defused(without_markers(raw))  # cutting [[1]2] leaves [2]
    spans = sentence_spans(text)
    leading = bool(markers) and not text[: markers[0].at].strip()
    named: list[dict[int, None]] = [{} for _ in spans]
    if spans:
        for marker, place in zip(markers, _owners([m.at for m in markers], spans, leading), strict=True):
            named[place] |= dict.fromkeys(marker.numbers)
    return tuple(
        Sentence(_tidied(text[start:end]), tuple(numbers), line)
        for (start, end), numbers, line in zip(spans, named, _lines_before(text, spans), strict=True)
    )


def _lines_before(text: str, spans: Sequence[tuple[int, int]]) -> Iterator[int]:
    """How many line breaks stand before each span."""
    lines, counted = 0, 0
    for start, _ in spans:
        lines += text.count("\n", counted, start)
        counted = start
        yield lines


def _tidied(sentence: str) -> str:
    """One line, without the commas that stood between cut-out markers: "held [1], [2]." leaves "held, ."."""
    line = " ".join(sentence.split())
    return _COMMAS_AT_END.sub(r"\1", _COMMAS_BETWEEN.sub(",", line)) or line


def whole_sentences(raw: str, cut_off: bool) -> tuple[Sentence, ...]:
    """The sentences to show, one that is said again only once, with all the numbers that were named for it.

    Of a text `cut_off` for its length the unfinished last one is left to the raw text.
    """
    found = split_sentences(raw)
    unfinished = cut_off and len(found) > 1 and not _FINISHED.search(found[-1].text)
    once: dict[str, Sentence] = {}
    for sentence in found[:-1] if unfinished else found:
        first = once.setdefault(sentence.text.casefold(), sentence)
        numbers = tuple(dict.fromkeys((*first.numbers, *sentence.numbers)))
        once[sentence.text.casefold()] = replace(first, numbers=numbers)
    return tuple(once.values())


def _owners(places: Sequence[int], spans: Sequence[tuple[int, int]], leading: bool) -> list[int]:
    """Of a marker at each place the span, one of at least one: the last that begins before it, or the next to end."""
    if leading:
        ends = [end for _, end in spans]
        return [min(bisect_right(ends, at), len(spans) - 1) for at in places]
    starts = [start for start, _ in spans]
    return [max(bisect_left(starts, at) - 1, 0) for at in places]


@dataclass(frozen=True, slots=True)
class Attributor:
    """Finds the evidence sentences that hold a sentence of the answer.

    `floor` is the support below which nothing is cited: a quote that holds less proves nothing. `marker_bonus` is how
    much a passage the model named is preferred; `gain` is what a second quote must add to be worth citing.
    """

    scorer: Scorer
    floor: float = 0.35
    marker_bonus: float = 0.1
    gain: float = 0.1
    most: int = 3

    def attribute(self, sentence: Sentence, evidence: Sequence[Evidence]) -> CitedSentence:
        """Cite `sentence` greedily: the best quote, then each further one that raises the support by `gain`."""
        candidates = [Quote(e, s.start, s.end) for e in evidence for s in e.sentences]
        chosen: list[Quote] = []
        support = 0.0
        while candidates and len(chosen) < self.most:
            texts = [quote.told(sentence.text) for quote in chosen]
            scored = [(self.scorer(sentence.text, [*texts, q.told(sentence.text)]), q) for q in candidates]
            needed = support + self.gain if chosen else self.floor
            enough = [(score, q) for score, q in scored if score >= needed]
            if not enough:
                break
            score, best = max(enough, key=lambda item: item[0] + self._bonus(sentence, item[1]))
            chosen.append(best)
            candidates.remove(best)
            support = score
        return CitedSentence(sentence.text, tuple(chosen), support, sentence.paragraph)

    def _bonus(self, sentence: Sentence, quote: Quote) -> float:
        return self.marker_bonus if quote.evidence.number in sentence.numbers else 0.0


def show(cited: Sequence[CitedSentence]) -> Shown:
    """Write the shown text: each sentence with its markers before the final stop, numbered 1..m by first use."""
    numbered: dict[tuple[str, int, int], Citation] = {}
    text, sentences, paragraph = "", [], None
    for sentence in cited:
        citations = [_numbered(numbered, quote) for quote in sentence.quotes]
        text += "" if paragraph is None else _apart(sentence.paragraph - paragraph)
        paragraph = sentence.paragraph
        written = _with_markers(sentence.text, [c.number for c in citations])
        sentences.append((Span(len(text), len(text) + len(written)), tuple(c.number for c in citations)))
        text += written
    return Shown(text, tuple(sentences), tuple(numbered.values()))


def _apart(lines: int) -> str:
    """What stands between two sentences that were so many line breaks apart: at most an empty line."""
    return "\n" * min(abs(lines), 2) or " "


def _numbered(numbered: dict[tuple[str, int, int], Citation], quote: Quote) -> Citation:
    hit = quote.evidence.hit_at(quote.start, quote.end)
    article, chunk = hit.article, hit.chunk
    key = (article.id, quote.start, quote.end)
    if key not in numbered:
        numbered[key] = Citation(
            number=len(numbered) + 1,
            article_id=article.id,
            chunk_id=chunk.id,
            title=article.title,
            source=article.source,
            url=article.url,
            published=article.published,
            published_from=article.published_from,
            start=quote.start,
            end=quote.end,
            quote=quote.text,
            digest=article.digest,
        )
    return numbered[key]


def _with_markers(sentence: str, numbers: Sequence[int]) -> str:
    if not numbers:
        return sentence
    markers = "".join(f"[{number}]" for number in numbers)
    bare = sentence.rstrip(".!?…")
    return f"{bare} {markers}{sentence[len(bare) :]}".lstrip()


class MarkerFilter:
    """Cuts markers from streamed text, also when one is split over several pieces.

    Feed pieces, show what comes back; `flush` gives what was held when the stream ends. However the text was divided,
    what comes back joined is `without_markers` of it. The only state is the held tail: blanks, markers and a bracket
    with numbers, whose fate the next characters decide.
    """

    def __init__(self) -> None:
        self._held = ""

    def feed(self, piece: str) -> str:
        """The text that can be shown now."""
        text = self._held + piece
        tail = _UNDECIDED.search(text)
        cut = tail.start() if tail else len(text)
        self._held = text[cut:]
        return without_markers(text[:cut])

    def flush(self) -> str:
        """What is left at the end of the stream."""
        rest, self._held = without_markers(self._held), ""
        return rest


def filtered(pieces: Iterator[str]) -> Iterator[str]:
    """The pieces of a stream with all markers cut out."""
    markers = MarkerFilter()
    for piece in pieces:
        if shown := markers.feed(piece):
            yield shown
    if rest := markers.flush():
        yield rest
