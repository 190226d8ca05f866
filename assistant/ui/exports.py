"""Kept conversations as files: Markdown, HTML with all evidence, JSON, and judged answers as a dataset folder.

Knows every form there is and which needs what; no Gradio, no database of its own.
"""

from __future__ import annotations

import json
import re
from collections.abc import Callable, Iterable
from dataclasses import asdict, dataclass
from datetime import datetime
from pathlib import Path
from typing import Literal

from assistant.contract import answer_to_json
from assistant.conversations.markdown import conversation_to_markdown
from assistant.conversations.questions import Exported, Json, write_dataset
from assistant.conversations.records import ConversationInfo, Kept
from assistant.conversations.store import Conversations
from assistant.errors import ConversationError
from assistant.ui.evidence_file import Texts, evidence_file
from index.types import Article

Form = Literal["html", "markdown", "json"]
SUFFIXES: dict[Form, str] = {"html": ".html", "markdown": ".md", "json": ".json"}


@dataclass(frozen=True, slots=True)
class Exporter:
    """Writes conversations down. `articles` gives the whole corpus, `texts` an article as it was cited."""

    conversations: Conversations
    texts: Texts
    articles: Callable[[], Iterable[Article]]
    clock: Callable[[], datetime]
    version: str

    def content(self, info: ConversationInfo, form: Form) -> str:
        """The conversation in this form."""
        exchanges = self.conversations.exchanges(info.id)
        if form == "markdown":
            return conversation_to_markdown(info, exchanges)
        if form == "html":
            return evidence_file(info, exchanges, self.texts, self.clock(), self.version)
        return json.dumps(conversation_to_json(info, exchanges), ensure_ascii=False, indent=1, default=str) + "\n"

    def write(self, info: ConversationInfo, form: Form, path: Path) -> None:
        """The conversation as a new file. Raises ConversationError."""
        content = self.content(info, form)
        try:
            with path.open("x", encoding="utf-8", newline="") as file:
                file.write(content)
        except OSError as error:
            reason = "is there already" if isinstance(error, FileExistsError) else f"cannot be written: {error}"
            raise ConversationError(f"{path} {reason}; name another file") from error

    def write_questions(self, folder: Path) -> Exported:
        """Every judged answer as an evaluation question, with the corpus, in a new folder. Raises ConversationError."""
        return write_dataset(folder, self.conversations.judged(), self._before, self.articles)

    def _before(self, kept: Kept) -> tuple[Kept, ...]:
        earlier = self.conversations.exchanges(kept.conversation_id)
        return tuple(one for one in earlier if one.ordinal < kept.ordinal)


def form_of(path: Path, named: Form | None = None) -> Form:
    """The form somebody named, or else the one that the file's suffix means. Raises ConversationError."""
    if named is not None:
        return named
    for form, suffix in SUFFIXES.items():
        if path.suffix.lower() == suffix:
            return form
    known = ", ".join(SUFFIXES.values())
    raise ConversationError(f"{path.name!r} does not tell the form to write; end it in one of {known}, or give --as")


def file_name(info: ConversationInfo, form: Form) -> str:
    """A name that every system takes, made of the title's letters and digits."""
    words = re.findall(r"\w+", info.title, re.ASCII)
    return ("-".join(words)[:60].strip("-").lower() or info.id) + SUFFIXES[form]


def conversation_to_json(info: ConversationInfo, exchanges: Iterable[Kept]) -> Json:
    """The conversation with every answer as `quoth ask --json` prints it."""
    return {**asdict(info), "exchanges": [_exchange_to_json(kept) for kept in exchanges]}


def _exchange_to_json(kept: Kept) -> Json:
    record = kept.record
    return {
        "id": kept.id,
        "question": record.question,
        "asked": record.asked.isoformat(),
        "outcome": record.outcome,
        "answer": answer_to_json(record.answer) if record.answer else None,
        "written": record.written,
        "failure": record.failure,
        "feedback": asdict(kept.feedback) if kept.feedback else None,
    }
