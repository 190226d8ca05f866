"""A service that answers from a table, so that the page can be tried without a model.

Three short articles about Kurakhove; the question decides what happens: an answer, an abstention, an error, a long
silence. A `hostile` service puts the question's text into every field that comes from outside.
"""

from __future__ import annotations

import re
import threading
import time
from collections.abc import Iterator
from dataclasses import dataclass, replace
from datetime import UTC, date, datetime

from assistant.errors import GenerationCancelled, GenerationFailed, QuestionRefused
from assistant.types import (
    Answer,
    Answered,
    Citation,
    Claim,
    ClaimStatus,
    Disagreement,
    Event,
    Evidence,
    IndexState,
    Model,
    Question,
    Retrieved,
    Span,
    Timings,
    Token,
    Unresolved,
    Usage,
)
from assistant.ui.preferences import About, Preferences
from assistant.ui.service import ChatService
from index.quotes import resolve_quote
from index.types import Article, ArticleInfo, Chunk, Hit

SITUATION = "What is the situation in Kurakhove?"
DAM = "What happened to the Kurakhove dam?"
PARIS = "What is the population of Paris?"
SLOW = "What takes a very long time to read?"
STUBBORN = "What cannot be interrupted?"
BROKEN = "What breaks the model?"
CRASH = "What is a bug?"
FLOODED = "How many houses did the flood below the Kurakhove dam reach?"
SCRIPTS = "מה נאמר על הסכר?"
EXAMPLES = (SITUATION, DAM, "Who said that Russia has the initiative along the front?")


def article(name: str, title: str, text: str, published: date | None, url: str | None, source: str | None) -> Article:
    return Article(
        id=name,
        uri=f"file:///articles/{name}.md",
        title=title,
        text=text,
        digest="0" * 64,
        published=published,
        published_from="front matter" if published else None,
        language="en",
        url=url,
        source=source,
        added=datetime(2025, 2, 1, tzinfo=UTC),
    )


ARTICLES = (
    article(
        "pressure",
        "Kurakhove under heavy pressure as Russia keeps the initiative",
        "Kurakhove, a town in the south of Ukraine's Donetsk region, has been surrounded on several sides by Russian "
        'troops for months, and Ukraine is struggling to keep it. President Volodymyr Zelensky has called this "the '
        'most difficult area" of the front.\n\nKurakhove is one of several places where Russian forces are pressing. '
        "George Barros of the Institute for the Study of War said on CNN in November 2024 that Russia has the "
        "initiative along the whole line. In his view Russian commanders make use of small tactical gains and then "
        "reinforce them, so that Ukraine has to react instead of choosing where to fight.",
        date(2024, 11, 20),
        "https://news.example/kurakhove-pressure",
        "Frontline Brief",
    ),
    article(
        "dam",
        "Dam of the Kurakhove reservoir damaged",
        "The dam of the Kurakhove reservoir was damaged on 11 November 2024. By four in the afternoon the river had "
        "risen by 1.2 metres in the Velyka Novosilka community. The head of the regional administration, Vadym "
        "Filashkin, said that Russian forces had struck the dam and that houses downstream could be flooded.",
        date(2024, 11, 12),
        None,
        "Donetsk Regional Notes",
    ),
    article(
        "claims",
        "Moscow says it holds Kurakhove; Kyiv says fighting goes on",
        "Russia's defence ministry said on 6 January 2025 that its troops had taken Kurakhove. Ukraine's military did "
        "not confirm it: the spokesman of the Khortytsia group, Viktor Tregubov, said that Ukrainian units were still "
        "fighting in the west of the town, near the power station.",
        None,
        None,
        None,
    ),
)


MANY_SCRIPTS = article(
    "scripts",
    "הסכר ליד קוראחובה נפגע",
    "הסכר של מאגר קוראחובה נפגע ב־11 בנובמבר 2024.\n\nتضرر سد خزان كوراخوفه في 11 نوفمبر 2024.\n\n"
    "库拉霍夫水库的大坝于2024年11月11日受损。",
    date(2024, 11, 12),
    None,
    "חדשות",
)


FLOODS = (
    article(
        "flood-later",
        "Water recedes below Kurakhove; survey counts the damage",
        "A survey finished this week found that the flood below the Kurakhove dam had reached 412 houses in four "
        "villages. Most of them can be repaired before winter.",
        date(2024, 11, 18),
        None,
        "Donetsk Regional Notes",
    ),
    article(
        "flood-first",
        "Villages flooded below the Kurakhove dam",
        "Officials said that the flood below the Kurakhove dam had reached about 150 houses by the evening.",
        date(2024, 11, 12),
        "https://news.example/flooded",
        "Frontline Brief",
    ),
)


@dataclass(frozen=True, slots=True)
class FakeAnswers:
    """The table behind the service. `pause` is the seconds before the first word, `pace` those between words."""

    articles: tuple[Article, ...] = ARTICLES
    pause: float = 0.0
    pace: float = 0.0
    hostile: bool = False

    def service(self) -> ChatService:
        def find(name: str) -> Article | None:
            return next((one for one in (*self.articles, MANY_SCRIPTS, *FLOODS) if one.id == name), None)

        return ChatService(
            ask=self.ask,
            articles=lambda: tuple(info_of(one) for one in self.articles),
            article=find,
            resolve=lambda c, digest: resolve_quote(find(c.article_id), find(c.article_id), c.start, c.end, c.quote),
            examples=lambda: EXAMPLES if self.articles else (),
            follow_ups=lambda answer: () if self.hostile else tuple(q for q in EXAMPLES[1:] if q != answer.question),
            about=lambda: About(Preferences(), "qwen2.5-coder-1.5b", 2, 2, 4096),
        )

    def ask(self, question: Question, preferences: Preferences, cancel: threading.Event) -> Iterator[Event]:
        if len(question.text.split()) > 400:
            raise QuestionRefused(
                f"the question has {len(question.text.split())} words, more than the 400 allowed; ask it shorter, or "
                "raise question_words in the settings"
            )
        evidence = poisoned_evidence(question.text) if self.hostile else self.evidence()
        yield Retrieved(question.text, evidence)
        if question.text == STUBBORN:
            time.sleep(6)
        if question.text == SLOW and cancel.wait(60):
            raise GenerationCancelled("the answer was stopped")
        if cancel.wait(self.pause):
            raise GenerationCancelled("the answer was stopped")
        if question.text == BROKEN:
            raise GenerationFailed(
                "the model stopped after 12 tokens: not enough memory for a context of 4096 tokens; set a smaller "
                "context_size, then check with `quoth doctor`"
            )
        if question.text == CRASH:
            raise ZeroDivisionError("division by zero")
        answer = self.answer(question, evidence)
        if not answer.abstained:
            for piece in re.findall(r"\s*\S+", answer.raw_text):
                if cancel.wait(self.pace):
                    raise GenerationCancelled("the answer was stopped")
                yield Token(piece)
        yield Answered(answer)

    def evidence(self) -> tuple[Evidence, ...]:
        return tuple(evidence_of(number, one) for number, one in enumerate(self.articles, start=1))

    def answer(self, question: Question, evidence: tuple[Evidence, ...]) -> Answer:
        if question.text == PARIS:
            return abstention(question.text, evidence)
        if self.hostile:
            return hostile_answer(question.text)
        if question.text == SCRIPTS:
            return scripts_answer(question.text, evidence)
        if question.text == FLOODED:
            return differing_answer(question.text, evidence)
        if question.text == DAM:
            return dam_answer(question.text, evidence)
        return situation_answer(question.text, evidence)


def info_of(one: Article) -> ArticleInfo:
    return ArticleInfo(
        one.id,
        one.uri,
        one.title,
        one.published,
        one.published_from,
        one.language,
        one.url,
        one.source,
        one.digest,
        len(one.text),
        1,
    )


def evidence_of(number: int, one: Article) -> Evidence:
    end = len(one.text)
    chunk = Chunk(f"{one.id}-0", one.id, 0, 0, end, one.text, None)
    hit = Hit(chunk, info_of(one), 1 / (60 + number), number, "both", 0.6, 7.5)
    return Evidence(number, hit, 0, end, one.text, (Span(0, end),))


def cite(number: int, one: Article, quote: str) -> Citation:
    start = one.text.index(quote)
    return Citation(
        number,
        one.id,
        f"{one.id}-0",
        one.title,
        one.source,
        one.url,
        one.published,
        one.published_from,
        start,
        start + len(quote),
        quote,
    )


def claims_of(parts: list[tuple[str, ClaimStatus]]) -> tuple[str, tuple[Claim, ...]]:
    """Sentences joined by spaces, and a claim for each."""
    text, claims = "", []
    for part, status in parts:
        start = len(text) + (1 if text else 0)
        text = f"{text} {part}" if text else part
        numbers = tuple(int(n) for n in re.findall(r"\[([0-9]+)\]", part))
        support = {"supported": 0.96, "partial": 0.55, "unsupported": 0.1, "no_claim": 0.0}[status]
        claims.append(Claim(part, start, len(text), numbers, support, status))
    return text, tuple(claims)


def answer_of(
    question: str,
    parts: list[tuple[str, ClaimStatus]],
    citations: tuple[Citation, ...],
    evidence: tuple[Evidence, ...],
    unresolved: tuple[Unresolved, ...] = (),
) -> Answer:
    text, claims = claims_of(parts)
    dates = [c.published for c in citations if c.published is not None]
    return Answer(
        question=question,
        query=question,
        text=text,
        raw_text=text,
        claims=claims,
        citations=citations,
        unresolved=unresolved,
        evidence=evidence,
        nearest=(),
        abstained=False,
        confidence=0.86,
        as_of=max(dates, default=None),
        model=Model("Qwen2.5-Coder-1.5B-Instruct-Q4_K_M", "cc32" * 16, "llama.cpp"),
        index=IndexState(3, 3, 3, "all-MiniLM-L6-v2"),
        usage=Usage(412, 128, 71),
        timings=Timings(0.04, 0.06, 4.1, 8.3),
        settings_digest="5f3a91c2",
        version="0.1.0",
    )


def situation_answer(question: str, evidence: tuple[Evidence, ...]) -> Answer:
    citations = (
        cite(1, ARTICLES[0], ARTICLES[0].text.split(" President")[0]),
        cite(2, ARTICLES[0], 'President Volodymyr Zelensky has called this "the most difficult area" of the front.'),
        cite(3, ARTICLES[2], "Russia's defence ministry said on 6 January 2025 that its troops had taken Kurakhove."),
        cite(4, ARTICLES[2], ARTICLES[2].text.split("taken Kurakhove. ")[1]),
    )
    parts: list[tuple[str, ClaimStatus]] = [
        ("Kurakhove has been surrounded on several sides by Russian troops for months. [1]", "supported"),
        ('President Zelensky has called it "the most difficult area" of the front. [2]', "supported"),
        (
            "Russia's defence ministry says that its troops took the town on 6 January 2025, which Ukraine denies. "
            "[3][4]",
            "partial",
        ),
        ("Most residents have left.", "unsupported"),
    ]
    return answer_of(question, parts, citations, evidence, (Unresolved("[7]", 212, 215),))


def dam_answer(question: str, evidence: tuple[Evidence, ...]) -> Answer:
    citations = (
        cite(1, ARTICLES[1], "The dam of the Kurakhove reservoir was damaged on 11 November 2024."),
        cite(2, ARTICLES[1], ARTICLES[1].text.split("2024. ")[1].split(" The head")[0]),
    )
    parts: list[tuple[str, ClaimStatus]] = [
        ("The dam of the Kurakhove reservoir was damaged on 11 November 2024. [1]", "supported"),
        ("Within hours the river had risen by 1.2 metres in the Velyka Novosilka community. [2]", "supported"),
    ]
    return answer_of(question, parts, citations, evidence)


def scripts_answer(question: str, evidence: tuple[Evidence, ...]) -> Answer:
    """Hebrew, Arabic and Chinese in one answer and its article."""
    told = [line for line in MANY_SCRIPTS.text.split("\n") if line]
    citations = tuple(cite(number, MANY_SCRIPTS, line) for number, line in enumerate(told, 1))
    parts: list[tuple[str, ClaimStatus]] = [(f"{line} [{number}]", "supported") for number, line in enumerate(told, 1)]
    return answer_of(question, parts, citations, evidence)


def differing_answer(question: str, evidence: tuple[Evidence, ...]) -> Answer:
    """An answer from the older article, led by what the newer says of the same."""
    later, first = FLOODS
    quotes = later.text.split(" Most")[0], first.text
    citations = (cite(1, later, quotes[0]), cite(2, first, quotes[1]))
    parts: list[tuple[str, ClaimStatus]] = [
        (f"As of 18 November 2024: “{quotes[0]}” [1]", "supported"),
        ("The flood had reached about 150 houses by the evening. [2]", "supported"),
    ]
    told = answer_of(question, parts, citations, evidence)
    return replace(told, disagreements=(Disagreement("hous", older=2, newer=1),))


def abstention(question: str, evidence: tuple[Evidence, ...]) -> Answer:
    sentence = "None of the indexed articles says how many people live in Paris."
    return replace(
        answer_of(question, [(sentence, "no_claim")], (), evidence),
        query="population of Paris",
        raw_text="",
        nearest=evidence[:2],
        abstained=True,
        confidence=0.93,
        usage=Usage(380, 0, 0),
        timings=Timings(0.04, 0.06, None, 3.2),
    )


def poisoned_evidence(text: str) -> tuple[Evidence, ...]:
    return (evidence_of(1, replace(ARTICLES[0], title=text, text=text, url=text, source=text)),)


def hostile_answer(text: str) -> Answer:
    """The same text wherever an article, a model or an address may bring it in."""
    citation = Citation(1, "pressure", "pressure-0", text, text, text, None, text, 0, len(text), text)
    answer = answer_of(text, [(f"{text} [1]", "partial"), (text, "unsupported")], (citation,), poisoned_evidence(text))
    return replace(
        answer,
        query=text,
        disagreements=(Disagreement(text, 1, 1),),
        unresolved=(Unresolved(text, 0, len(text)),),
        model=Model(text, text, text),
        settings_digest=text,
        version=text,
    )
