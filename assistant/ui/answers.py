"""A finished answer → markup: sentences with their status, citations, abstentions.

Pure functions. Sentences that their sources hold are quiet; doubt is written out in words, never in colour alone, and
says which words the quotes do not hold. A citation's number opens its article; the table below is what it stands for.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator, Sequence

from assistant.types import Answer, Citation, Claim, ClaimStatus, Unresolved
from assistant.ui.differing import sides
from assistant.ui.markup import NOTHING, Html, join, tag, text
from assistant.ui.pieces import (
    also_in,
    byline,
    control,
    count,
    heading,
    note,
    openable,
    opener,
    passages,
    reference_to,
    when,
)
from assistant.wording import content_words
from index.types import ArticleInfo

_ONE_MARKER = r"\[[0-9]{1,4}(?:\s*,\s*[0-9]{1,4})*\]"
_MARKERS = re.compile(rf"[ \t]*({_ONE_MARKER}(?:[ \t]*{_ONE_MARKER})*)")
_WORD = re.compile(r"[^\W_]+(?:[’'.-][^\W_]+)*")
WORDS_NAMED = 6

FLAGS: dict[ClaimStatus, tuple[str, str]] = {
    "partial": ("partly supported", "The cited passage holds only part of this sentence. Read the quote first."),
    "unsupported": ("not supported", "No passage was found that holds this sentence. Do not rely on it."),
}
TO_TRY = (
    "Name the person, place or date you mean.",
    "Use the words your articles use.",
    "Add articles that deal with it: `quoth add PATH`.",
)


def cited_answer(answer: Answer, name: str) -> Html:
    """The sentences with their numbers, and the numbers' quotes below."""
    return join(
        (
            answer_head(answer),
            tag("div", sentences(answer, name), class_="q-answer", dir="auto"),
            doubts(answer.claims),
            sides(answer, name),
            citations(answer, name),
        )
    )


def answer_head(answer: Answer) -> Html:
    """How recent the answer is and on how many articles it rests."""
    sources = count(len({c.article_id for c in answer.citations}), "source")
    as_of = join(("As of ", when(answer.as_of), " · ")) if answer.as_of is not None else NOTHING
    return tag("p", as_of, sources, class_="q-head")


# ── sentences ───────────────────────────────────────────────────────────────────────────────────────────────────────


def sentences(answer: Answer, name: str) -> Html:
    """The answer's text, each sentence marked with its status, markers turned into references."""
    known = {citation.number: citation for citation in answer.citations}
    drawn = 0

    def reference(number: int) -> Html | None:
        nonlocal drawn
        drawn += number in known
        return reference_to(known[number], name, f"{name}-r-{drawn}") if number in known else None

    parts = []
    for stretch, claim in stretches(answer):
        marked = with_markers(stretch, reference)
        parts.append(marked if claim is None else sentence(marked, claim, [c.quote for c in _cited(claim, known)]))
    return join(parts)


def _cited(claim: Claim, known: dict[int, Citation]) -> list[Citation]:
    return [known[number] for number in claim.numbers if number in known]


def stretches(answer: Answer) -> Iterator[tuple[str, Claim | None]]:
    """The whole text cut at the claims' borders; what lies between claims comes with None."""
    done = 0
    for claim in sorted(answer.claims, key=lambda claim: (claim.start, claim.end)):
        start, end = max(claim.start, done), max(claim.end, done)
        if start > done:
            yield answer.text[done:start], None
        if end > start:
            yield answer.text[start:end], claim
        done = end
    if done < len(answer.text):
        yield answer.text[done:], None


def sentence(marked: Html, claim: Claim, quotes: Sequence[str]) -> Html:
    """One sentence, with its doubt spelt out after it where there is any."""
    if claim.status not in FLAGS:
        return tag("span", marked, class_="q-claim")
    flag = control(FLAGS[claim.status][0], "explain", class_="q-flag", data_explains=explanation(claim, quotes))
    return tag("span", tag("span", marked, class_="q-doubted"), "\u00a0", flag, class_=f"q-claim q-{claim.status}")


def explanation(claim: Claim, quotes: Sequence[str]) -> str:
    """Why a sentence is doubted: what its status means, and its words that no quote holds."""
    meaning = FLAGS[claim.status][1]
    strange = missing_words(claim.text, quotes) if quotes else []
    return f"{meaning} Not in the quote: {', '.join(strange)}." if strange else meaning


def missing_words(claim: str, quotes: Sequence[str]) -> list[str]:
    """The first words of a sentence that say something and stand in none of its quotes, as they are written."""
    held = content_words(" ".join(quotes))
    told = dict.fromkeys(_WORD.findall(_MARKERS.sub("", claim)))
    return [word for word in told if content_words(word) - held][:WORDS_NAMED]


def doubts(claims: Sequence[Claim]) -> Html:
    """One line that counts the doubtful sentences and says what their marks mean."""
    present = [s for s in FLAGS if any(claim.status == s for claim in claims)]
    if not present:
        return NOTHING
    doubted = sum(claim.status in FLAGS for claim in claims)
    advice = FLAGS[present[0]][1] if len(present) == 1 else "Read the quotes before relying on the marked ones."
    return note(f"{doubted} of {count(len(claims), 'sentence')} could not be fully confirmed. {advice}")


# ── citations ───────────────────────────────────────────────────────────────────────────────────────────────────────


def citations(answer: Answer, name: str) -> Html:
    """The table every number points into: title, source, date and the exact quote."""
    if not answer.citations:
        return NOTHING
    before = (None, *(c.article_id for c in answer.citations))
    rows = (
        citation(c, answer.also_in(c), name, again=c.article_id == last)
        for c, last in zip(answer.citations, before, strict=False)
    )
    return tag("section", tag("h3", "Sources"), tag("ol", join(rows), class_="q-citations", role="list"))


def citation(cited: Citation, also: Sequence[ArticleInfo], name: str, again: bool = False) -> Html:
    """One quote with where it comes from, who else tells it, and the way into its article.

    Where the quote before it is of the same article, `again`, that is not shown a second time.
    """
    number = str(cited.number)
    return tag(
        "li",
        tag("span", number, class_="q-number"),
        tag(
            "div",
            tag("p", heading(cited.title, cited.url), byline(cited.source, cited.published), class_="q-source"),
            tag("blockquote", cited.quote, dir="auto"),
            also_in(also),
            opener(cited, name),
        ),
        class_="q-citation q-same" if again else "q-citation",
        id=f"{name}-c-{number}",
    )


def raw_marker(number: int) -> Html:
    """A marker of the draft, whose citation is not known yet."""
    return tag("span", str(number), class_="q-ref q-ref-raw")


def with_markers(stretch: str, show: Callable[[int], Html | None]) -> Html:
    """`stretch` as text, each run of [n] markers drawn by `show`; a run with an unknown number stays as it is."""
    parts: list[Html] = []
    done = 0
    for match in _MARKERS.finditer(stretch):
        drawn = [show(int(number)) for number in re.findall(r"[0-9]+", match.group(1))]
        if not drawn or any(one is None for one in drawn):
            continue
        parts += [text(stretch[done : match.start()]), tag("sup", join(drawn, " "), class_="q-refs")]
        done = match.end()
    return join([*parts, text(stretch[done:])])


# ── what is not an answer ───────────────────────────────────────────────────────────────────────────────────────────


def abstention(answer: Answer, name: str) -> Html:
    """That the sources do not answer, what was searched, what came closest, and what to try."""
    where = f"{count(answer.index.articles, 'article')} in {count(answer.index.chunks, 'passage')}"
    closest = passages(answer.nearest, lambda at: opener(openable(answer)[at - 1], name, f"{name}-n-{at}"))
    nearest = tag("section", tag("h3", "Closest passages"), closest) if answer.nearest else NOTHING
    return join(
        (
            tag(
                "div",
                tag("p", tag("strong", "Not answered by your sources")),
                tag("p", answer.text, class_="q-message", dir="auto"),
                tag("p", "Searched ", where, " for: ", tag("bdi", answer.query), class_="q-searched"),
                class_="q-abstained",
            ),
            nearest,
            tag("h3", "What to try"),
            tag("ul", join(tag("li", note(hint)) for hint in TO_TRY), class_="q-hints"),
        )
    )


def unresolved(markers: Sequence[Unresolved]) -> Html:
    """The markers that point at nothing, so that they do not vanish without a trace."""
    if not markers:
        return NOTHING
    names = ", ".join(dict.fromkeys(marker.marker for marker in markers))
    what = "a marker that points" if len(markers) == 1 else f"{len(markers)} markers that point"
    return tag("p", f"The model also wrote {what} at no passage: {names}.", class_="q-note")
