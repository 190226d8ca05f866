from __future__ import annotations

import pytest

from assistant.ui.tabs import Tabs

NAME, OTHER, THIRD = "a" * 32, "b" * 32, "c" * 32


def test_a_tab_finds_its_own_conversation_again() -> None:
    tabs = Tabs()
    tabs.conversation(NAME).ask("first")
    assert tabs.conversation(NAME).started and not tabs.conversation(OTHER).started


@pytest.mark.parametrize("name", ["", "a" * 31, "A" * 32, "../" + "a" * 29, "a" * 32 + "\n"])
def test_a_name_no_page_makes_leads_to_no_conversation(name: str) -> None:
    tabs = Tabs()
    tabs.conversation(name).ask("first")
    assert not tabs.conversation(name).started


def test_the_conversation_used_longest_ago_is_forgotten_first_and_ends() -> None:
    tabs = Tabs(kept=2)
    first = tabs.conversation(NAME)
    first.ask("first")
    asked = first.begin()
    tabs.conversation(OTHER).ask("second")
    tabs.conversation(THIRD)
    assert asked is not None and asked.cancel.is_set()
    assert tabs.conversation(OTHER).started and not tabs.conversation(NAME).started
