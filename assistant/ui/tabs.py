"""The conversations of the open tabs, by the name each tab gives itself.

Knows conversations and nothing of Gradio. A tab names itself at random and tells its name with every event, so a page
that is reloaded finds its conversation again. Keeps them in memory, the most recently used ones.
"""

from __future__ import annotations

import re
import threading
from collections import OrderedDict
from collections.abc import Callable

from assistant.ui.conversation import Conversation
from assistant.ui.preferences import Preferences

NAME = re.compile(r"[0-9a-f]{32}")
KEPT = 200


class Tabs:
    """Finds the conversation of a tab, or has it begun with `preferences`. Safe to call from several threads."""

    def __init__(
        self,
        preferences: Preferences | None = None,
        kept: int = KEPT,
        begin: Callable[[str], Conversation] = lambda tab: Conversation(),
    ) -> None:
        self._begin = begin
        self._lock = threading.Lock()
        self._kept = kept
        self._preferences = preferences
        self._by_name: OrderedDict[str, Conversation] = OrderedDict()

    def conversation(self, tab: str) -> Conversation:
        """The tab's conversation. A name that no page of ours makes gets a conversation nobody finds again."""
        if not NAME.fullmatch(tab or ""):
            return Conversation()
        with self._lock:
            found = self._by_name.get(tab) or self._by_name.setdefault(tab, self._begun(tab))
            self._by_name.move_to_end(tab)
            while len(self._by_name) > self._kept:
                _, forgotten = self._by_name.popitem(last=False)
                forgotten.leave()
            return found

    def _begun(self, tab: str) -> Conversation:
        begun = self._begin(tab)
        if self._preferences is not None:
            begun.prefer(self._preferences)
        return begun

    def show(self, tab: str, conversation: Conversation) -> None:
        """Let a tab show another conversation, which goes on with what the tab asks with."""
        shown = self.conversation(tab)
        conversation.prefer(shown.preferences)
        conversation.narrow(shown.filters)
        if NAME.fullmatch(tab or ""):
            with self._lock:
                self._by_name[tab] = conversation
