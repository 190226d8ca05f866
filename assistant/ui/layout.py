"""The page's components and their places: a side panel, the chat, and a panel for reading beside it.

Knows Gradio's components; connects no event and decides nothing. On a narrow screen both panels become drawers, which
is the style sheet's doing; opening and closing them is the browser's, in shell.js.
"""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

import gradio as gr

from assistant.ui import render
from assistant.ui.conversations_panel import ConversationsPanel, lay_out_conversations
from assistant.ui.library_panel import LibraryPanel, lay_out_library
from assistant.ui.service import ChatService
from assistant.ui.settings_panel import SettingsPanel, lay_out_settings

_HERE = Path(__file__).parent
EXAMPLES = 4


@dataclass(frozen=True, slots=True)
class Frame:
    """The components, by place. `tab` only stands for the tab's name among an event's inputs.

    `shell` is the bar on top; its script turns clicks on the page's own markup into events. `reader` is the panel
    beside the chat: whoever gives it a value has it opened.
    """

    tab: gr.Textbox
    shell: gr.HTML
    conversations: ConversationsPanel
    library: LibraryPanel
    welcome: gr.HTML
    examples: gr.Column
    buttons: tuple[gr.Button, ...]
    past: gr.HTML
    live: gr.HTML
    waiting: gr.HTML
    scope: gr.HTML
    box: gr.Textbox
    status: gr.HTML
    reader: gr.HTML
    settings: SettingsPanel


def lay_out(service: ChatService) -> Frame:
    """All components, inside the blocks that are being built."""
    tab = gr.Textbox(visible=False)
    shell = html(render.top_bar(), script="shell.js", classes="q-top")
    with gr.Row(elem_classes="q-frame"):
        with gr.Column(elem_classes="q-side", min_width=0), gr.Tabs(elem_classes="q-tabs"):
            with gr.Tab("Conversations"):
                conversations = lay_out_conversations(service.exporter, service.keeper is not None)
            with gr.Tab("Library"):
                library = lay_out_library(service.library)
        with gr.Column(elem_classes="q-main", min_width=0):
            welcome = html()
            with gr.Column(visible=False, elem_classes="q-examples") as examples:
                buttons = tuple(
                    gr.Button("", size="sm", visible=False, elem_classes="q-example") for _ in range(EXAMPLES)
                )
            past, live = html(classes="q-past"), html(script="live.js", classes="q-live")
            with gr.Column(elem_classes="q-composer", min_width=0):
                waiting, scope, box = html(), html(), _question_box()
                status = html(render.report(None), script="lost.js", classes="q-status")
        with gr.Column(elem_classes="q-reader", min_width=0):
            reader = html(script="reader.js", classes="q-opened")
        with gr.Column(elem_classes="q-settings", min_width=0):
            settings = lay_out_settings()
    return Frame(
        tab,
        shell,
        conversations,
        library,
        welcome,
        examples,
        buttons,
        past,
        live,
        waiting,
        scope,
        box,
        status,
        reader,
        settings,
    )


def html(value: str = "", *, script: str | None = None, classes: str | None = None) -> gr.HTML:
    """Our own markup as it is. `script` is a file beside this module, run when the component appears."""
    code = (_HERE / script).read_text(encoding="utf-8") if script else None
    return gr.HTML(value, apply_default_css=False, js_on_load=code, elem_classes=classes)


def _question_box() -> gr.Textbox:
    return gr.Textbox(
        label="Your question",
        show_label=False,
        container=False,
        placeholder="Ask about your articles",
        lines=1,
        max_lines=8,
        submit_btn="Ask",
        stop_btn=False,
        autofocus=True,
        elem_classes="q-box",
    )
