"""`python -m assistant` is the `quoth` command, for a checkout that is not installed."""

try:
    from assistant.cli import main
except KeyboardInterrupt:  # importing takes long enough to be interrupted
    raise SystemExit(130) from None

main()
