"""What became of the quotes of an old answer, now that their articles may have changed.

Knows two states of one article, that of now and that of then; nothing of how they are stored.
"""

from __future__ import annotations

from index.types import Article, ResolvedQuote


def resolve_quote(now: Article | None, then: Article | None, start: int, end: int, quote: str) -> ResolvedQuote:
    """Where the quote that once stood at start..end stands today.

    `now` is the article as it is, `then` as it was when it was quoted: both the same when nothing has changed, None
    where there is none.
    """
    if then and quote and then.text[start:end] == quote:
        current = now is not None and now.digest == then.digest
        return ResolvedQuote("current" if current else "superseded", then, start, end)
    if now is None:
        return ResolvedQuote("gone", None)
    found = _nearest(now.text, quote, start)
    return ResolvedQuote("changed", now) if found is None else ResolvedQuote("moved", now, found, found + len(quote))


def _nearest(text: str, quote: str, start: int) -> int | None:
    """Where `quote` occurs in `text`, nearest to `start`."""
    if not quote:
        return None
    before, after = text.rfind(quote, 0, max(start, 0) + len(quote)), text.find(quote, max(start, 0))
    found = [at for at in (before, after) if at >= 0]
    return min(found, key=lambda at: abs(at - start), default=None)
