"""Entry point of the installed wheel, where it becomes `quoth/__init__.py`.

The wheel ships everything inside `quoth/`, because the names `assistant` and `index` belong to other distributions on
the package index. This puts that folder first among the import roots of our own process, then runs the command line.
"""

from __future__ import annotations

import sys
from pathlib import Path


def main() -> None:
    """Run the `quoth` command."""
    here = Path(__file__).resolve().parent
    root = here.parent if here.name == "assistant" else here
    sys.path.insert(0, str(root))
    from assistant.cli import main as run

    run()
