"""The one place where everything concrete is chosen: settings in, working parts out.

Knows every back end by name and nothing of how a question is answered. Nothing heavy is imported before a part that
needs it is asked for, and each part is made once.

    Models ── Stores ── Answers ─┬─ Evaluations ─┐
                                 ├─ Page         ├─ Assembly
                                 └─ CheckUp ─────┘

Each layer makes its parts from those of the layers before it.
"""

from __future__ import annotations

from assistant.assemble.checkup import CheckUp
from assistant.assemble.evaluations import Evaluations
from assistant.assemble.page import Page

__all__ = ["Assembly"]


class Assembly(Evaluations, Page, CheckUp):
    """Quoth's parts for one `Settings`, each made at first use. Close it to free the model and the database."""
