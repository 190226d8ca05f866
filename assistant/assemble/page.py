"""What the page is made of: its service, what it keeps and exports, who may open it.

Imports the page when it is served.
"""

from __future__ import annotations

import contextlib
import threading
from collections.abc import Callable, Set
from dataclasses import asdict
from functools import cached_property
from typing import TYPE_CHECKING

from assistant.answering import Assistant
from assistant.assemble.answers import Answers
from assistant.assemble.models import PACKAGE
from assistant.assemble.stores import now
from assistant.errors import AssistantError, ConversationError
from assistant.examples import example_questions
from assistant.followups import NEAR, follow_ups
from assistant.machine import cores, version
from index.errors import IndexingError

if TYPE_CHECKING:
    from assistant.ui.exports import Exporter
    from assistant.ui.keeping import Keeper
    from assistant.ui.preferences import About, Preferences
    from assistant.ui.server import Login
    from assistant.ui.service import ChatService


class Page(Answers):
    """The chat page over the parts in force."""

    @cached_property
    def exporter(self) -> Exporter:
        """Kept conversations as files."""
        from assistant.ui.exports import Exporter

        return Exporter(self.conversations, self.text_as_cited, self.stored_articles, now, version())

    def _keeper(self) -> Keeper:
        """Keeps what is asked on the page: on disk, or where that fails in memory, which the page then says."""
        from assistant.conversations.store import Conversations
        from assistant.ui.keeping import Keeper

        trouble = ""
        try:
            self._release_texts(self.conversations.all_ids())
        except ConversationError as error:
            trouble = f"Conversations are not kept: {error}"
            self.conversations = Conversations.open(None, now)
        return Keeper(self.conversations, self.store.article, self.store.refer, now, trouble)

    def _release_texts(self, conversations: Set[str]) -> None:
        """Texts that only conversations deleted for good referred to are kept no longer."""
        for name in self.store.referring():
            if name not in conversations:
                self.store.release(name)

    def chat_service(self) -> ChatService:
        """What the page needs of everything else."""
        from assistant.ui.service import ChatService

        return ChatService(
            ask=lambda question, preferences, cancel: self._preferring(preferences).stream(question, cancel),
            articles=lambda: self.store.articles(),
            article=lambda article_id: self.store.article(article_id),
            resolve=self._resolve,
            examples=lambda: example_questions(PACKAGE.parent / "seeds" / "questions.jsonl", self.store.articles()),
            follow_ups=lambda answer: follow_ups(answer, lambda text: self.index.retrieve(text, NEAR)),
            about=self._about,
            keeper=self._keeper(),
            exporter=self.exporter,
            library=self.library,
            file_bytes=self.settings.file_bytes,
            statuses=lambda: self.corpus(make=False).statuses(),
        )

    def serve_page(self, open_browser: bool, announce: Callable[[str], None]) -> None:
        """Serve the chat page until Ctrl-C."""
        from assistant.ui.server import serve

        service = self.chat_service()
        threading.Thread(target=self.warm, name="warming", daemon=True).start()
        serve(
            service,
            host=self.settings.host,
            port=self.settings.port or None,
            login=self._login(),
            open_browser=open_browser,
            announce=announce,
        )

    def _login(self) -> Login | None:
        """Who may open the page; None for anybody at this machine."""
        from assistant.ui.server import Login

        user, password = self.settings.user, self.settings.password
        return Login(user, password.get_secret_value() if password else "") if user else None

    def _preferring(self, preferences: Preferences) -> Assistant:
        """Answers over the stored index as one tab of the page wants them."""
        wanted = self.settings.model_copy(update=asdict(preferences))
        return self.assistant if wanted == self.settings else self.assistant_over(self.index, wanted)

    def _about(self) -> About:
        from assistant.ui.preferences import About, Preferences

        chosen = self.settings
        preferences = Preferences(chosen.strictness, chosen.evidence_tokens, chosen.answers)
        return About(preferences, chosen.generator, self.threads, cores(), chosen.context_tokens)

    def warm(self) -> None:
        """Load the models and read the prompts' opening while the page opens: the first question waits for neither."""
        from assistant.llama import LlamaCpp

        with contextlib.suppress(AssistantError, IndexingError):  # the first question tells what is wrong
            if not self.store.is_empty():
                self.embedder.embed_query("warm up")
                if isinstance(self.generator, LlamaCpp):
                    self.generator.yes_no(self._composer(self.settings).opening(), threading.Event())
