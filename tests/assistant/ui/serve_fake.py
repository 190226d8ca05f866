"""Opens the page with the fake service: `python -m tests.assistant.ui.serve_fake`. To look at it, or to kill it."""

from __future__ import annotations

import argparse
import tempfile
from pathlib import Path

from assistant.ui.server import serve
from tests.assistant.ui.fake_service import FakeAnswers
from tests.assistant.ui.keeping_service import keeping


def main() -> None:
    options = argparse.ArgumentParser(description=__doc__)
    options.add_argument("--port", type=int, default=None)
    options.add_argument("--folder", type=Path, default=None, help="where conversations are kept")
    options.add_argument("--pause", type=float, default=2.0, help="seconds before the first word")
    given = options.parse_args()
    folder = given.folder or Path(tempfile.mkdtemp(prefix="quoth-fake-"))
    with keeping(folder, FakeAnswers(pause=given.pause, pace=0.06)) as service:
        serve(service, port=given.port, announce=lambda line: print(line, flush=True))


if __name__ == "__main__":
    main()
