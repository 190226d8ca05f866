"""Opens the page with the fake service: `python -m tests.assistant.ui.serve_fake`. For looking at it by hand."""

from __future__ import annotations

import sys

from assistant.ui.server import serve
from tests.assistant.ui.fake_service import FakeAnswers

if __name__ == "__main__":
    serve(FakeAnswers(pause=2.0, pace=0.06).service(), announce=lambda line: sys.stderr.write(line + "\n"))
