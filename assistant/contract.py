"""Answers, articles and hits as the plain JSON objects other programs read.

Knows the field names and nothing else: dates become ISO 8601 strings, tuples lists. Offsets count code points.
"""

from __future__ import annotations

from dataclasses import asdict
from datetime import date
from typing import Any

from assistant.types import Answer, Citation, Claim, Evidence, Period, Window
from index.types import Article, Hit

Json = dict[str, Any]


def answer_to_json(answer: Answer) -> Json:
    """The object `quoth ask --json` prints."""
    return {
        "question": answer.question,
        "query": answer.query,
        "answer": answer.text,
        "raw_answer": answer.raw_text,
        "abstained": answer.abstained,
        "confidence": _rounded(answer.confidence),
        "as_of": _iso(answer.as_of),
        "claims": [_claim(claim) for claim in answer.claims],
        "citations": [_citation(citation) for citation in answer.citations],
        "unresolved": [asdict(marker) for marker in answer.unresolved],
        "evidence": [_evidence(piece) for piece in answer.evidence],
        "nearest": [_evidence(piece) for piece in answer.nearest],
        "model": asdict(answer.model),
        "index": asdict(answer.index),
        "timings": {name: None if s is None else round(s, 3) for name, s in asdict(answer.timings).items()},
        "usage": asdict(answer.usage),
        "signals": {name: _rounded(value) for name, value in answer.signals.items()},
        "settings_digest": answer.settings_digest,
        "version": answer.version,
        "period": _period(answer.period),
        "disagreements": [asdict(found) for found in answer.disagreements],
        "set_aside": [_evidence(piece) for piece in answer.set_aside],
    }


def article_to_json(article: Article) -> Json:
    """The object `quoth article --json` prints."""
    return {
        "id": article.id,
        "title": article.title,
        "url": article.url,
        "source": article.source,
        "published": _iso(article.published),
        "published_from": article.published_from,
        "language": article.language,
        "digest": article.digest,
        "text": article.text,
    }


def hit_to_json(hit: Hit) -> Json:
    """One object of the list `quoth search --json` prints."""
    return {
        "rank": hit.rank,
        "score": _rounded(hit.score),
        "article_id": hit.article.id,
        "chunk_id": hit.chunk.id,
        "title": hit.article.title,
        "published": _iso(hit.article.published),
        "start": hit.chunk.start,
        "end": hit.chunk.end,
        "text": hit.chunk.text,
    }


def _claim(claim: Claim) -> Json:
    return {
        "text": claim.text,
        "start": claim.start,
        "end": claim.end,
        "citations": list(claim.numbers),
        "status": claim.status,
        "support": _rounded(claim.support),
    }


def _citation(citation: Citation) -> Json:
    told = {**asdict(citation), "published": _iso(citation.published)}
    del told["digest"]  # `quoth article` tells it
    return told


def _evidence(piece: Evidence) -> Json:
    return {
        "number": piece.number,
        "chunk_id": piece.hit.chunk.id,
        "article_id": piece.hit.article.id,
        "title": piece.hit.article.title,
        "published": _iso(piece.hit.article.published),
        "score": _rounded(piece.hit.score),
        "start": piece.start,
        "end": piece.end,
        "text": piece.text,
        "also": [_copy(hit) for hit in piece.also],
    }


def _copy(hit: Hit) -> Json:
    article = hit.article
    return {
        "article_id": article.id,
        "title": article.title,
        "source": article.source,
        "published": _iso(article.published),
    }


def _period(period: Period | None) -> Json | None:
    """What the question says about time: its own days as `since` and `until`, the publication dates looked at."""
    if period is None:
        return None
    asked, looked = period.asked or Window(), period.looked or Window()
    return {
        "words": period.words,
        "present": period.present,
        "since": _iso(asked.since),
        "until": _iso(asked.until),
        "looked_since": _iso(looked.since),
        "looked_until": _iso(looked.until),
        "note": period.note,
    }


def _iso(day: date | None) -> str | None:
    return day.isoformat() if day else None


def _rounded(value: float) -> float:
    return round(float(value), 6)
