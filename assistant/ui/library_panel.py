"""The side panel's list of articles."""

from __future__ import annotations

from dataclasses import dataclass

import gradio as gr


@dataclass(frozen=True, slots=True)
class LibraryPanel:
    """Its components."""

    listed: gr.HTML


def lay_out_library() -> LibraryPanel:
    """The components, inside the tab that is being built."""
    return LibraryPanel(gr.HTML("", apply_default_css=False, js_on_load=None, elem_classes="q-library"))
