"""What one tab's questions are asked with, and what a reader is told about the rest.

Values only. A preference takes effect with the next question; what needs a restart is only told.
"""

from __future__ import annotations

from dataclasses import dataclass

from assistant.settings import Strictness, Wording


@dataclass(frozen=True, slots=True)
class Preferences:
    """How sure Quoth must be to answer, how many tokens of evidence there are, and in whose words it answers."""

    strictness: Strictness = "balanced"
    evidence_tokens: int = 350
    answers: Wording = "quoted"


@dataclass(frozen=True, slots=True)
class About:
    """What is in force: the preferences every conversation begins with, and what only a restart changes."""

    preferences: Preferences
    model: str
    threads: int
    cores: int
    context_tokens: int
