"""`python -m assistant` is the `quoth` command, for a checkout that is not installed."""

from assistant.cli import main

main()
