"""Exchanges → markup. Pure functions, no Gradio: what is shown where, and in which words.

Everything from articles, models and people goes through `markup`, as text. Element ids are built from numbers alone.
Sentences that their sources hold are quiet; doubt is written out in words, never in colour alone.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator, Sequence
from datetime import date

from assistant.types import Answer, Citation, Claim, ClaimStatus, Evidence, Unresolved
from assistant.ui.exchange import Context, Exchange
from assistant.ui.markup import NOTHING, Html, join, link, tag, text
from index.types import ArticleInfo

_ONE_MARKER = r"\[[0-9]{1,4}(?:\s*,\s*[0-9]{1,4})*\]"
_MARKERS = re.compile(rf"[ \t]*({_ONE_MARKER}(?:[ \t]*{_ONE_MARKER})*)")
_UNFINISHED_MARKER = re.compile(r"[ \t]*\[[0-9,\s]*$")
_MONTHS = "Jan Feb Mar Apr May Jun Jul Aug Sep Oct Nov Dec".split()

PROMISE = (
    "Answers come from your own articles only. Every sentence is cited and checked; where your articles are silent, "
    "you are told so."
)
FLAGS: dict[ClaimStatus, tuple[str, str]] = {
    "partial": ("partly supported", "The cited passage holds only part of this sentence. Read the quote first."),
    "unsupported": ("not supported", "No passage was found that holds this sentence. Do not rely on it."),
}


# ── the frame ───────────────────────────────────────────────────────────────────────────────────────────────────────


def top_bar() -> Html:
    """The name and the page's own controls. `data-do` names what shell.js does on a click."""
    return tag(
        "header",
        control("Menu", "side", class_="q-bar-button"),
        tag("h1", "Quoth"),
        tag("span", class_="q-gap"),
        control("New conversation", "fresh", class_="q-bar-button"),
        class_="q-bar",
    )


def control(label: str, does: str, **attributes: str | None) -> Html:
    """A button whose click shell.js turns into what `does` names."""
    return tag("button", label, type="button", data_do=does, **attributes)


# ── the page before the first question ──────────────────────────────────────────────────────────────────────────────


def welcome(articles: Sequence[ArticleInfo]) -> Html:
    """What this is and what it has read, or how to give it something to read."""
    return tag(
        "div",
        tag("h2", "What would you like to know?"),
        tag("p", PROMISE),
        holdings(articles) if articles else empty_index(),
        class_="q-welcome",
    )


def holdings(articles: Sequence[ArticleInfo]) -> Html:
    """How many articles there are, and from when."""
    dates = sorted(article.published for article in articles if article.published is not None)
    span = join(("dated ", when(dates[0]), " to ", when(dates[-1]))) if dates else "of unknown date"
    return tag("p", count(len(articles), "article"), " indexed, ", span, ".", class_="q-holdings")


def empty_index() -> Html:
    """The honest word when there is nothing to search."""
    return tag(
        "div",
        tag("p", tag("strong", "Nothing is indexed yet"), ", so no question can be answered."),
        tag("p", "Add a file or a folder in a terminal, then reload this page:"),
        tag("pre", tag("code", "quoth add PATH")),
        class_="q-empty",
    )


def trouble(message: str) -> Html:
    """An error outside any question, where the eye is."""
    return tag("div", tag("p", with_code(message)), class_="q-error", role="alert")


def waiting(questions: Sequence[str]) -> Html:
    """The questions whose turn has not come."""
    if not questions:
        return NOTHING
    rows = (tag("li", tag("span", "Waiting its turn", class_="q-tag"), " ", tag("bdi", q)) for q in questions)
    return tag("ul", join(rows), class_="q-waiting", aria_label="Questions waiting their turn")


# ── one exchange ────────────────────────────────────────────────────────────────────────────────────────────────────


def exchange(view: Exchange) -> Html:
    """A question with whatever there is of its answer."""
    name = f"q-{view.number}"
    return tag(
        "article",
        tag("h2", view.question, class_="q-question", dir="auto", id=f"{name}-question"),
        body(view, name),
        class_=f"q-exchange q-{view.stage}",
        id=name,
        tabindex="-1",
        aria_labelledby=f"{name}-question",
    )


def body(view: Exchange, name: str) -> Html:
    """What stands under the question at each stage."""
    if view.failure is not None:
        return failed(view.failure)
    if view.answer is not None:
        return answered(view.answer, view, name)
    if view.stage == "stopped":
        return stopped(view, name)
    if view.stage == "writing":
        return join((progress("Writing", view.seconds), draft(view.raw_text), found(view.evidence, name, folded=True)))
    if view.stage == "reading":
        reading = f"Reading {count(len(view.evidence), 'passage')}" if view.evidence else "No passage found so far"
        return join((progress(reading, view.seconds), found(view.evidence, name, folded=False)))
    return progress("Searching your articles", view.seconds)


def status(view: Exchange) -> str:
    """One plain sentence for people who listen to the page."""
    if view.answer is not None and view.answer.abstained:
        return "Your sources do not answer this."
    if view.answer is not None:
        cited = count(len(view.answer.citations), "citation")
        return f"Answer ready: {count(len(view.answer.claims), 'sentence')}, {cited}."
    return {
        "searching": "Searching your articles.",
        "reading": f"Found {count(len(view.evidence), 'passage')}; reading.",
        "writing": "Writing the answer.",
        "stopped": "Stopped.",
        "failed": "This question could not be answered.",
        "answered": "",
    }[view.stage]


def keys() -> Html:
    """What the keyboard does, shown until there is something to report."""
    return tag("p", "Enter asks · Shift + Enter starts a new line · Esc stops", class_="q-keys")


def report(view: Exchange | None) -> Html:
    """The line under the question box: the stage of the newest exchange, or the keys before there is one."""
    return keys() if view is None else status_line(status(view))


def status_line(sentence: str) -> Html:
    """The page's one live region: it speaks when the stage changes, never for each word."""
    return tag("p", sentence, role="status", aria_live="polite")


def in_line() -> Html:
    """Said while another answer has to end first."""
    return status_line("Your question is in line.")


def progress(doing: str, seconds: float) -> Html:
    """What is being done, and for how long, so that a long silence is not mistaken for the end."""
    clock = tag("span", f"{seconds:.0f} s", class_="q-clock") if seconds >= 1 else None
    return tag("p", tag("span", class_="q-pulse"), doing, " ", clock, class_="q-progress", aria_hidden="true")


def draft(raw_text: str) -> Html:
    """The model's text as it comes; a marker that is still being written is held back."""
    settled = _UNFINISHED_MARKER.sub("", raw_text)
    return tag("div", with_markers(settled, _raw_marker), class_="q-answer q-draft", dir="auto")


def found(evidence: Sequence[Evidence], name: str, folded: bool) -> Html:
    """The passages, open while there is nothing else to read."""
    if not evidence:
        return NOTHING
    if folded:
        return fold(f"Found: {count(len(evidence), 'passage')}", passages(evidence), f"{name}-found")
    return tag("section", tag("h3", "Found so far"), passages(evidence), class_="q-found")


def passages(evidence: Sequence[Evidence]) -> Html:
    """Passages with title, source and date."""
    return tag("ol", join(passage(e) for e in evidence), class_="q-passages", role="list")


def passage(evidence: Evidence) -> Html:
    """One passage as it stands in its article."""
    article = evidence.hit.article
    head = tag("p", heading(article.title, article.url), byline(article.source, article.published), class_="q-source")
    copies = also_in([hit.article for hit in evidence.also])
    return tag("li", head, tag("blockquote", evidence.text, dir="auto"), copies, class_="q-passage")


def also_in(copies: Sequence[ArticleInfo]) -> Html:
    """The other articles that tell the same nearly word for word, a line each."""
    lines = (join(("Also in ", heading(c.title, c.url), " ", byline(c.source, c.published))) for c in copies)
    return join(tag("p", line, class_="q-source") for line in lines)


def failed(message: str) -> Html:
    """The message of an error, readable in the answer's place."""
    return tag(
        "div",
        tag("p", tag("strong", "This question could not be answered")),
        tag("p", with_code(message), class_="q-message", dir="auto"),
        class_="q-error",
        role="alert",
    )


def stopped(view: Exchange, name: str) -> Html:
    """What had come before somebody stopped it."""
    said = "What was written so far has not been checked." if view.raw_text else "Nothing had been written yet."
    text_so_far = draft(view.raw_text) if view.raw_text else NOTHING
    note = tag("p", f"Stopped. {said}", class_="q-note")
    return join((text_so_far, note, found(view.evidence, name, folded=True)))


# ── an answer ───────────────────────────────────────────────────────────────────────────────────────────────────────


def answered(answer: Answer, view: Exchange, name: str) -> Html:
    """A cited answer or an abstention, with how it came about folded away below."""
    main = abstention(answer) if answer.abstained else cited_answer(answer, view, name)
    return join((main, unresolved(answer.unresolved), details(answer, name)))


def cited_answer(answer: Answer, view: Exchange, name: str) -> Html:
    """The sentences with their numbers, and the numbers' quotes below."""
    return join(
        (
            answer_head(answer),
            tag("div", sentences(answer, name), class_="q-answer", dir="auto"),
            doubts(answer.claims),
            citations(answer, view, name),
        )
    )


def answer_head(answer: Answer) -> Html:
    """How recent the answer is and on how many articles it rests."""
    sources = count(len({c.article_id for c in answer.citations}), "source")
    as_of = join(("As of ", when(answer.as_of), " · ")) if answer.as_of is not None else NOTHING
    return tag("p", as_of, sources, class_="q-head")


def sentences(answer: Answer, name: str) -> Html:
    """The answer's text, each sentence marked with its status, markers turned into references."""
    known = {citation.number: citation for citation in answer.citations}

    def reference(number: int) -> Html | None:
        return _reference(known[number], name) if number in known else None

    parts = []
    for stretch, claim in stretches(answer):
        marked = with_markers(stretch, reference)
        parts.append(marked if claim is None else sentence(marked, claim.status))
    return join(parts)


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


def sentence(marked: Html, claim_status: ClaimStatus) -> Html:
    """One sentence, with its doubt spelt out after it where there is any."""
    if claim_status not in FLAGS:
        return tag("span", marked, class_="q-claim")
    label, explanation = FLAGS[claim_status]
    flag = tag("span", label, class_="q-flag", title=explanation)
    return tag("span", tag("span", marked, class_="q-doubted"), "\u00a0", flag, class_=f"q-claim q-{claim_status}")


def doubts(claims: Sequence[Claim]) -> Html:
    """One line that counts the doubtful sentences and says what their marks mean."""
    present = [s for s in FLAGS if any(claim.status == s for claim in claims)]
    if not present:
        return NOTHING
    doubted = sum(claim.status in FLAGS for claim in claims)
    advice = FLAGS[present[0]][1] if len(present) == 1 else "Read the quotes before relying on the marked ones."
    lead = f"{doubted} of {count(len(claims), 'sentence')} could not be fully confirmed."
    return tag("p", f"{lead} {advice}", class_="q-note")


def citations(answer: Answer, view: Exchange, name: str) -> Html:
    """The table every number points into: title, source, date and the exact quote."""
    if not answer.citations:
        return NOTHING
    rows = (citation(c, answer.also_in(c), view.contexts.get(c.number), name) for c in answer.citations)
    return tag("section", tag("h3", "Sources"), tag("ol", join(rows), class_="q-citations", role="list"))


def citation(cited: Citation, also: Sequence[ArticleInfo], context: Context | None, name: str) -> Html:
    """One quote with where it comes from, who else tells it and, if the article is at hand, what stands around it."""
    target = f"{name}-c-{cited.number}"
    return tag(
        "li",
        tag("span", str(cited.number), class_="q-number"),
        tag(
            "div",
            tag("p", heading(cited.title, cited.url), byline(cited.source, cited.published), class_="q-source"),
            tag("blockquote", cited.quote, dir="auto"),
            also_in(also),
            in_context(context, f"{target}-context"),
        ),
        class_="q-citation",
        id=target,
        tabindex="-1",
    )


def in_context(context: Context | None, name: str) -> Html:
    """The quote marked among its neighbours, folded."""
    if context is None or not (context.before.strip() or context.after.strip()):
        return NOTHING
    around = tag("p", context.before, tag("mark", context.quote), context.after, class_="q-context", dir="auto")
    return fold("In context", around, name)


def abstention(answer: Answer) -> Html:
    """That the sources do not answer, what was searched, what came closest, and what to try."""
    searched = tag("p", "Searched for: ", tag("bdi", answer.query), class_="q-searched")
    nearest = tag("section", tag("h3", "Closest passages"), passages(answer.nearest)) if answer.nearest else NOTHING
    hint = "Try naming the person, place or date you mean, or add articles that deal with it: `quoth add PATH`."
    return join(
        (
            tag(
                "div",
                tag("p", tag("strong", "Not answered by your sources")),
                tag("p", answer.text, class_="q-message", dir="auto"),
                searched if answer.query != answer.question else None,
                class_="q-abstained",
            ),
            nearest,
            tag("p", with_code(hint), class_="q-note"),
        )
    )


def unresolved(markers: Sequence[Unresolved]) -> Html:
    """The markers that point at nothing, so that they do not vanish without a trace."""
    if not markers:
        return NOTHING
    names = ", ".join(dict.fromkeys(marker.marker for marker in markers))
    what = "a marker that points" if len(markers) == 1 else f"{len(markers)} markers that point"
    return tag("p", f"The model also wrote {what} at no passage: {names}.", class_="q-note")


def details(answer: Answer, name: str) -> Html:
    """How the answer came about: model, times, tokens."""
    rows = join(join((tag("dt", label), tag("dd", value))) for label, value in facts(answer) if value)
    shown = join((tag("h4", "Passages shown to the model"), passages(answer.evidence))) if answer.evidence else NOTHING
    return fold("How this answer came about", join((tag("dl", rows), shown)), f"{name}-details")


def facts(answer: Answer) -> list[tuple[str, str | None]]:
    """Label and value of everything worth knowing about one answer."""
    usage, times, state = answer.usage, answer.timings, answer.index
    cached = f" ({usage.cached_tokens} of them cached)" if usage.cached_tokens else ""
    writing = times.total_s - times.first_token_s if times.first_token_s is not None else 0.0
    speed = f", {usage.completion_tokens / writing:.0f} a second" if writing > 0 and usage.completion_tokens > 1 else ""
    return [
        ("Model", f"{answer.model.name} ({answer.model.backend})"),
        ("Searched for", answer.query),
        ("Index", f"{count(state.articles, 'article')}, {count(state.chunks, 'passage')}"),
        ("Confidence", f"{answer.confidence:.0%}"),
        ("Passages after", _seconds(times.first_evidence_s)),
        ("First word after", _seconds(times.first_token_s)),
        ("Complete after", _seconds(times.total_s)),
        ("Tokens read", f"{usage.prompt_tokens}{cached}" if usage.prompt_tokens else None),
        ("Tokens written", f"{usage.completion_tokens}{speed}" if usage.completion_tokens else None),
        ("Settings", answer.settings_digest),
        ("Version", answer.version),
    ]


# ── small pieces ────────────────────────────────────────────────────────────────────────────────────────────────────


def heading(title: str, url: str | None) -> Html:
    """A title, linked where the article has a web address."""
    return tag("bdi", link(url, title or "Untitled"), class_="q-title")


def byline(source: str | None, published: date | None) -> Html:
    """Source and date, or the plain words that the date is not known."""
    name = join((tag("bdi", source), " · ")) if source else NOTHING
    return tag("span", name, when(published) if published else day_words(None), class_="q-byline")


def when(day: date) -> Html:
    """A date as people write it, with the machine's form beside it."""
    return tag("time", day_words(day), datetime=day.isoformat())


def day_words(day: date | None) -> str:
    """ "12 Nov 2024", the same whatever the machine's language."""
    return f"{day.day} {_MONTHS[day.month - 1]} {day.year}" if day else "date unknown"


def fold(summary: str, content: Html, name: str) -> Html:
    """Something to be opened at will. The id lets the page keep it open while its surroundings change."""
    return tag("details", tag("summary", summary), tag("div", content, class_="q-folded"), id=name)


def with_code(message: str) -> Html:
    """A message of ours as a sentence: what stands between backticks is a command."""
    pieces = re.split(r"`([^`\n]+)`", message[:1].upper() + message[1:])
    return join(tag("code", piece) if i % 2 else text(piece) for i, piece in enumerate(pieces))


def count(number: int, noun: str) -> str:
    """ "1 passage", "2 passages"."""
    return f"{number:,} {noun}{'' if number == 1 else 's'}"


def _seconds(value: float | None) -> str | None:
    return None if value is None else f"{value:.1f} s"


def _reference(cited: Citation, name: str) -> Html:
    label = f"{cited.title}, {day_words(cited.published)}"
    return tag(
        "a",
        str(cited.number),
        class_="q-ref",
        href=f"#{name}-c-{cited.number}",
        title=f"{label}\n“{cited.quote}”",
        aria_label=f"Citation {cited.number}: {label}",
    )


def _raw_marker(number: int) -> Html:
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
