"""Opens the chat page: `python app.py`, with the options of `quoth ui`. Decides nothing."""

from __future__ import annotations

import sys

from assistant.cli import main

if __name__ == "__main__":
    main(["ui", *sys.argv[1:]])
