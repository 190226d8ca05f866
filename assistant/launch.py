"""Entry point of the installed command: in a wheel and in an editable install this file is `quoth/__init__.py`.

The wheel ships everything inside `quoth/`, because the names `assistant` and `index` belong to other distributions on
the package index. This puts our own folder first among the import roots of our own process, then runs the command
line. Knows nothing of what the command does.
"""

from __future__ import annotations

import sys
from pathlib import Path


def main() -> None:
    """Run the `quoth` command."""
    sys.path.insert(0, str(_root()))
    try:
        from assistant.cli import main as run
    except KeyboardInterrupt:  # importing takes long enough to be interrupted
        raise SystemExit(130) from None
    run()


def _root() -> Path:
    """The folder that holds our `assistant`: this one in a wheel, the checkout on sys.path in an editable install."""
    for folder in (Path(__file__).resolve().parent, *map(Path, sys.path)):
        if (folder / "assistant" / "models.toml").is_file():
            return folder
    raise SystemExit("quoth: its own files are gone, as when an editable checkout was moved; install Quoth again")
