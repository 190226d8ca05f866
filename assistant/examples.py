"""Questions a newcomer can ask of what is indexed, without a model.

Knows article titles and the starter corpus's own questions. The starter questions are offered only while the briefings
that answer them are indexed; any other corpus is asked about its newest titles.
"""

from __future__ import annotations

import json
from collections.abc import Sequence
from datetime import date
from pathlib import Path, PurePath

from assistant.wording import is_readable
from index.types import ArticleInfo

WANTED = 4
KINDS = ("present", "fact", "superseded", "dated")


def example_questions(starter: Path, articles: Sequence[ArticleInfo]) -> tuple[str, ...]:
    """At most `WANTED` questions, each answerable from `articles`; `starter` is a questions.jsonl, perhaps absent."""
    return (_from_starter(starter, articles) or _from_titles(articles))[:WANTED]


def _from_starter(starter: Path, articles: Sequence[ArticleInfo]) -> tuple[str, ...]:
    """One question of each kind whose gold briefings are all indexed."""
    indexed = {PurePath(info.uri).stem for info in articles}
    lines = starter.read_text(encoding="utf-8").splitlines() if starter.is_file() else []
    found: dict[str, str] = {}
    for question in map(json.loads, lines):
        if question["answerable"] and indexed.issuperset(question["gold_docs"]) and "as_of" not in question:
            found.setdefault(question["type"], question["question"])
    return tuple(found[kind] for kind in KINDS if kind in found)


def _from_titles(articles: Sequence[ArticleInfo]) -> tuple[str, ...]:
    newest = sorted(articles, key=lambda info: (info.published or date.min, info.title), reverse=True)
    titles = dict.fromkeys(" ".join(info.title.split()) for info in newest if len(info.title) <= 80)
    return tuple(f"What is said about “{title}”?" for title in titles if is_readable(title))
