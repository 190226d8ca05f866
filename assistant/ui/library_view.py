"""The library → markup: what is being done, what is indexed, what the search is held to. Pure functions, no Gradio."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence

from assistant.library import Job
from assistant.ui.markup import NOTHING, Html, join, tag
from assistant.ui.pieces import byline, control, count, note, when, with_code
from index.types import ArticleInfo, Filters, IngestProgress, IngestReport, SkippedSource, SourceStatus

LISTED = 100
SOURCES = 40
REASONS_SHOWN = 50
_STATES = {
    "changed": "The file has changed; `quoth sync` takes that in",
    "gone": "The file is gone; what it said stays until `quoth sync`",
    "away": "The file’s folder cannot be looked into now, as when a disk is not mounted; what it said stays",
    "failed": "The file {}; what it said before stays",
}


# ── work ────────────────────────────────────────────────────────────────────────────────────────────────────────────


def jobs(listed: Sequence[Job]) -> Html:
    """What is being done and what came of what was asked for, the newest first."""
    rows = join(_job(job) for job in listed)
    live = "polite" if all(job.over for job in listed) else "off"  # not every file of a thousand is read aloud
    return tag("ul", rows, class_="q-jobs", role="list", aria_live=live) if listed else NOTHING


def _job(job: Job) -> Html:
    number = str(job.number)
    dismiss = control("×", "dismiss", data_number=number, class_="q-dismiss", aria_label="Do not show this any more")
    undo = control("Undo", "undo", data_number=number, class_="q-quiet-button") if job.undo else None
    head = tag("p", tag("bdi", job.what), _state(job), " ", undo, dismiss if job.over else None)
    return tag("li", head, _progress(job), _outcome(job), class_=f"q-job q-job-{job.state}")


def _state(job: Job) -> str:
    return {"waiting": ": waits its turn", "running": " …", "done": ": done.", "failed": ": failed."}[job.state]


def _progress(job: Job) -> Html:
    told = job.progress
    if job.state != "running" or told is None:
        return NOTHING
    read = f"{told.articles_done} of {count(told.articles_total, 'file')} read"
    stored = f"{told.chunks_done} of {count(told.chunks_cut, 'passage')} made searchable"
    bar = tag("progress", value=str(told.articles_done), max=str(max(1, told.articles_total)), aria_label=job.what)
    files = join(_file(file) for file in job.files if file.uri)
    return join((bar, tag("p", read, ", ", stored, class_="q-item-more"), tag("ul", files, class_="q-job-files")))


def _file(told: IngestProgress) -> Html:
    """One file of a job that runs: being read, read, or why not."""
    state = {"reading": "is being read", "read": "read", "failed": told.reason}[told.stage]
    return tag("li", tag("bdi", _name(told.uri)), " ", tag("span", state), class_=f"q-job-file q-job-file-{told.stage}")


def _outcome(job: Job) -> Html:
    if job.failure is not None:
        return tag("p", with_code(job.failure), class_="q-job-failure", dir="auto")
    return _report(job.report) if job.report is not None else NOTHING


def _report(report: IngestReport) -> Html:
    parts = ((len(report.added), "added"), (len(report.updated), "updated"), (len(report.unchanged), "there already"))
    told = ", ".join(f"{number} {word}" for number, word in parts if number) or "nothing added"
    failed = f", {len(report.failed)} failed" if report.failed else ""
    return join((tag("p", f"{told}{failed}", class_="q-item-more"), _failures(report.failed)))


def _failures(failed: Sequence[SkippedSource]) -> Html:
    if not failed:
        return NOTHING
    rows = (tag("li", tag("bdi", _name(one.uri)), " ", one.reason) for one in failed[:REASONS_SHOWN])
    more = note(f"{len(failed) - REASONS_SHOWN} more") if len(failed) > REASONS_SHOWN else None
    return join((tag("ul", join(rows), class_="q-failures"), more))


def _name(uri: str) -> str:
    return uri if uri.startswith("http") else uri.replace("\\", "/").rpartition("/")[2] or uri


# ── articles ────────────────────────────────────────────────────────────────────────────────────────────────────────


def matching(articles: Sequence[ArticleInfo], query: str | None) -> list[ArticleInfo]:
    """The articles whose title, source, address or file name holds every word."""
    words = (query or "").casefold().split()  # a box in a tab that was never opened tells None
    return [one for one in articles if all(word in _said(one) for word in words)]


def _said(info: ArticleInfo) -> str:
    return " ".join((info.title, info.source or "", info.url or "", _name(info.uri))).casefold()


def states(statuses: Sequence[SourceStatus]) -> dict[str, str]:
    """Article id → how its file stands, of every one whose file is not as it was taken in."""
    return {
        s.article_id: _STATES[s.state].format(s.reason or "") for s in statuses if s.article_id and s.state in _STATES
    }


def unread(statuses: Sequence[SourceStatus]) -> Html:
    """The files that could not be taken in when they were last tried, and why."""
    failed = [SkippedSource(one.uri, one.reason or "failed") for one in statuses if one.state == "failed"]
    if not failed:
        return NOTHING
    told = tag("summary", f"{count(len(failed), 'file')} could not be read")
    return tag("details", told, _failures(failed), id="q-unread")


def passing(articles: Sequence[ArticleInfo], filters: Filters) -> int:
    """How many articles a search held to these filters looks through."""
    return sum(_passes(one, filters) for one in articles)


def _passes(info: ArticleInfo, filters: Filters) -> bool:
    day = info.published
    dated = not (filters.since or filters.until) or day is not None
    late = filters.since is None or (day is not None and day >= filters.since)
    early = filters.until is None or (day is not None and day <= filters.until)
    return dated and late and early and (not filters.sources or info.source in filters.sources)


def articles(
    listed: Sequence[ArticleInfo], query: str | None, states: Mapping[str, str], removing: bool = True
) -> Html:
    """The list with title, source, date, passages and, where it is not simply indexed, the state."""
    found = matching(listed, query)
    rows = join(_article(one, states.get(one.id), removing) for one in found[:LISTED])
    told = (
        count(len(found), "article")
        if not (query or "").strip()
        else f"{len(found)} of {count(len(listed), 'article')}"
    )
    more = note(f"{len(found) - LISTED} more; search to find them.") if len(found) > LISTED else None
    return join((tag("p", told, class_="q-item-more"), tag("ul", rows, class_="q-list", role="list"), more))


def _article(info: ArticleInfo, state: str | None, removing: bool) -> Html:
    passages = tag("span", count(info.chunks, "passage"), class_="q-whole")
    told = tag(
        "button",
        tag("bdi", info.title or "Untitled", class_="q-item-title"),
        tag("span", byline(info.source, info.published), " · ", passages, class_="q-item-more"),
        tag("span", with_code(state), class_="q-item-state") if state else None,
        type="button",
        class_="q-item",
        data_do="read",
        data_id=info.id,
    )
    label = f"Remove {info.title}"
    out = control("×", "takeout", data_id=info.id, class_="q-dismiss", aria_label=label, title="Remove")
    return tag("li", told, out if removing else None)


# ── what the search is held to ──────────────────────────────────────────────────────────────────────────────────────


def filtering(listed: Sequence[ArticleInfo], filters: Filters) -> Html:
    """The boxes that hold the search to sources and dates."""
    counted = Counter(one.source for one in listed if one.source)
    chosen = [*filters.sources, *(name for name, _ in counted.most_common(SOURCES) if name not in filters.sources)]
    sources = join(_source(name, counted[name], name in filters.sources) for name in chosen)
    return tag(
        "details",
        tag("summary", "Search only in …"),
        tag(
            "div",
            _day("Published since", "since", filters.since.isoformat() if filters.since else ""),
            _day("Published until", "until", filters.until.isoformat() if filters.until else ""),
            tag("div", sources, class_="q-sources", role="group", aria_label="Sources") if chosen else None,
            class_="q-panel",
        ),
        id="q-filters",
        open="" if filters != Filters() else None,
    )


def _day(label: str, name: str, value: str) -> Html:
    box = f"q-filter-{name}"
    return tag("p", tag("label", label, for_=box), tag("input", id=box, type="date", value=value, data_filter=name))


def _source(name: str, number: int, chosen: bool) -> Html:
    box = tag("input", type="checkbox", value=name, data_filter="source", checked="" if chosen else None)
    return tag("label", box, " ", tag("bdi", name), f" ({number})")


def scope(listed: Sequence[ArticleInfo], filters: Filters) -> Html:
    """What the next question's search is held to, in words, above the question box; nothing where it is to nothing."""
    if filters == Filters():
        return NOTHING
    parts: list[Html | str] = [" published"] if filters.since or filters.until else []
    if filters.since is not None:
        parts += [" since ", when(filters.since)]
    if filters.until is not None:
        parts += [" until ", when(filters.until)]
    if filters.sources:
        parts += [" from ", join((tag("bdi", name) for name in filters.sources), ", ")]
    some = f" ({passing(listed, filters)} of {count(len(listed), 'article')}) "
    clear = control("Search everything", "unfilter", class_="q-quiet-button")
    return tag(
        "p",
        "Searching only articles",
        *parts,
        some,
        clear,
        class_="q-scope",
        role="status",
    )
