"""The side panel's list of conversations."""

from __future__ import annotations

from dataclasses import dataclass

import gradio as gr


@dataclass(frozen=True, slots=True)
class ConversationsPanel:
    """Its components."""

    listed: gr.HTML


def lay_out_conversations() -> ConversationsPanel:
    """The components, inside the tab that is being built."""
    return ConversationsPanel(gr.HTML("", apply_default_css=False, js_on_load=None, elem_classes="q-conversations"))
