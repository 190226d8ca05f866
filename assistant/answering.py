"""A question becomes a cited, checked answer: the whole path, once, in the order of the data.

Knows every step by its seam and no back end. Yields events as they happen, so that passages can be shown before a word
is generated; the command line, the page and the evaluation all read this one stream.
"""

from __future__ import annotations

import logging
import threading
from collections.abc import Callable, Generator, Iterator, Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass, field, replace
from datetime import date
from typing import Protocol, cast

from assistant.abstaining import SAID_OF_ALL, Abstainer, best_cosine, nearest_of, nearness, sentence_for, signals_of
from assistant.citing import Attributor, CitedSentence, Sentence, find_markers, show, unresolved, whole_sentences
from assistant.conversation import clarifying, standing_alone, unclear
from assistant.costs import Costs
from assistant.disagreeing import disagreements, rivals, with_rivals
from assistant.errors import PromptTooLong, QuestionRefused
from assistant.evidence import Selector, set_aside, whole_chunks
from assistant.generation import Generator as TextGenerator
from assistant.generation import complete
from assistant.grading import held_by
from assistant.kinds import asks_for_overview, asks_whether
from assistant.overviews import Overview
from assistant.prompting import Composer
from assistant.quoting import Quoting, Sentences, best_to_come, quotable
from assistant.repairing import shorter
from assistant.resuming import Resume, from_anew
from assistant.timely import Timing, cannot_know, find, in_order, newest_hits, of_other_years
from assistant.types import (
    Answer,
    Answered,
    Claim,
    Completion,
    Event,
    Evidence,
    IndexState,
    Period,
    Prompt,
    Question,
    Retrieved,
    Span,
    Token,
    Turn,
)
from assistant.verifying import Similarity, Thresholds, Verifier, status_of
from assistant.when import When, in_words, when_of, with_days
from index.types import Filters, Hit, Manifest

log = logging.getLogger(__name__)

NEAREST = 3
MOST_CUTS = 1
"""How many shorter forms of a sentence are checked: each may cost the generator's yes or no."""


class Retriever(Protocol):
    """Where passages come from."""

    @property
    def manifest(self) -> Manifest:
        """What the passages are drawn from."""
        ...

    def retrieve(self, query: str, k: int, filters: Filters = ...) -> tuple[Hit, ...]:
        """At most `k` hits, best first."""
        ...


@dataclass(frozen=True, slots=True)
class Policy:
    """The numbers of answering.

    `threshold` is the probability that the sources answer below which Quoth abstains, 0 to always answer, and
    `quoting_threshold` the same where it answers with quotations; `quotes` tells of a question whether it does.
    `candidates` are the chunks retrieved; `question_words` the longest question; `thresholds` those of a claim's
    status.
    """

    threshold: float
    quoting_threshold: float
    quotes: Callable[[str], bool]
    candidates: int
    question_words: int
    thresholds: Thresholds
    settings_digest: str
    version: str
    timing: Timing = field(default_factory=Timing)


@dataclass(frozen=True, slots=True)
class Assistant:
    """Answers questions. Every dependency is a field; `clock` gives seconds that never go back, `today` the date."""

    retriever: Retriever
    selector: Selector
    composer: Composer
    generator: TextGenerator
    attributor: Attributor
    verifier: Verifier
    abstainer: Abstainer
    similarity: Similarity
    policy: Policy
    clock: Callable[[], float]
    today: Callable[[], date]
    resume: Resume = from_anew

    def ask(self, question: Question, cancel: threading.Event | None = None) -> Answer:
        """Run the stream to its end and return the answer."""
        answer = None
        for event in self.stream(question, cancel):
            if isinstance(event, Answered):
                answer = event.answer
        assert answer is not None, "a stream ends with exactly one Answered"
        return answer

    def stream(self, question: Question, cancel: threading.Event | None = None) -> Iterator[Event]:
        """Answer step by step: Retrieved, then Tokens, then exactly one Answered.

        Raises QuestionRefused before anything is looked up, PromptTooLong, GenerationFailed, or GenerationCancelled
        once `cancel` is set; after any of them the assistant can be asked again.
        """
        cancel = cancel or threading.Event()
        costs = Costs(self.clock)
        self._refuse_unaskable(question)

        query = standing_alone(question.text, question.history, self._rewriter(cancel, costs))
        when = when_of(query, question.as_of or self.today())
        hits, period = self.find(query, question, when)
        costs.retrieved()
        dated_query = with_days(query, when)
        wide = asks_for_overview(query)
        chosen = self.selector(dated_query, newest_hits(hits, when, wide)) or self.selector(dated_query, hits)
        fresh = in_order(chosen, when, wide)
        evidence = self._resumed(dated_query, hits, fresh, question, when)
        costs.showed_evidence()
        log.info("retrieved hits=%d evidence=%d seconds=%.2f", len(hits), len(evidence), costs.timings().total_s)
        yield Retrieved(query, evidence, period)

        draft = Draft(question, query, hits, evidence, fresh[:NEAREST], {}, 0.0, when, period)
        if not evidence or (self.policy.threshold > 0 and (draft.out_of_time or draft.unclear)):
            yield _done(self._abstention(draft, None, costs))
            return
        quotes = self.generator.capabilities.yes_no and self.policy.quotes(query)
        way = self._quoted if quotes else self._written
        yield _done((yield from way(draft, dated_query, cancel, costs)))

    def _quoted(
        self, draft: Draft, question: str, cancel: threading.Event, costs: Costs
    ) -> Generator[Token, None, Answer]:
        """The answer in the sources' words: the generator is asked of single sentences whether they answer.

        Of how things stand no one sentence tells: there it is asked of passages.
        """
        prompt = self.composer.answer(question, draft.evidence)
        way = self._way(draft, prompt.evidence)
        cosine = best_cosine(draft.query, prompt.evidence, self.similarity)
        told = signals_of(draft.query, draft.hits, prompt.evidence, cosine)
        odds = self._odds(way, told, question, cancel, costs)
        if not odds:
            return (yield from self._written(draft, question, cancel, costs))
        told["yes_no_best"] = max(odds)
        draft = replace(draft, evidence=prompt.evidence, signals=told, likelihood=self.abstainer(told))
        if draft.likelihood < self.policy.quoting_threshold:
            return self._abstention(draft, None, costs)
        text = way.reply(odds)
        costs.got_token()
        yield Token(text)
        return self._told(draft, Completion(text, costs.usage, "end"), prompt, cancel, costs)

    def _way(self, draft: Draft, evidence: Sequence[Evidence]) -> Quoting:
        query, present = draft.query, draft.when.present
        near = nearness(query, evidence, self.similarity)
        if asks_for_overview(query):
            return Overview(evidence, near, present)
        return Sentences(quotable(query, evidence, near, whether=asks_whether(query), present=present), present)

    def _answers(self, told: Mapping[str, float], odds: Sequence[float]) -> bool:
        """Whether the surest of what the generator has said makes it likely enough that the sources answer."""
        return bool(odds) and self.abstainer({**told, "yes_no_best": max(odds)}) >= self.policy.quoting_threshold

    def _odds(
        self, way: Quoting, told: Mapping[str, float], question: str, cancel: threading.Event, costs: Costs
    ) -> list[float]:
        """What the generator says of the first ones, until the rest can change nothing; none where it cannot tell."""
        odds: list[float] = []
        for one in way.asked:
            if not way.goes_on(odds, self._answers(told, odds)):
                break
            graded = self.generator.yes_no(self.composer.check_nearest(question, one.piece), cancel, costs.spend)
            if graded is None:
                return []
            odds.append(graded)
            if not self._answers(told, [best_to_come(odds)]):
                break
        return odds

    def _written(
        self, draft: Draft, question: str, cancel: threading.Event, costs: Costs
    ) -> Generator[Token, None, Answer]:
        """The answer in the generator's words, after it has read all the evidence."""
        prompt = self.composer.answer(question, draft.evidence)
        signals = self._signals(draft, question, prompt.evidence, cancel, costs)
        draft = replace(draft, evidence=prompt.evidence, signals=signals, likelihood=self.abstainer(signals))
        if draft.likelihood < self.policy.threshold:
            return self._abstention(draft, None, costs)
        completion = yield from self._tokens(prompt, cancel, costs)
        return self._told(draft, completion, prompt, cancel, costs)

    def _told(
        self, draft: Draft, completion: Completion, prompt: Prompt, cancel: threading.Event, costs: Costs
    ) -> Answer:
        """What was said, each sentence cited and checked; an abstention where none of it holds."""
        said = whole_sentences(completion.text, cut_off=completion.stop == "length")
        cited = [self._repaired(sentence, prompt, cancel, costs) for sentence in said]
        if not cited or (self.policy.threshold > 0 and not any(self._holds(sentence) for sentence in cited)):
            return self._abstention(draft, completion, costs)
        return self._answer(draft, completion, cited, costs)

    def _resumed(
        self, query: str, hits: Sequence[Hit], fresh: tuple[Evidence, ...], question: Question, when: When
    ) -> tuple[Evidence, ...]:
        """The evidence of the answer before, gone on with where it can be; `fresh` where its order matters more."""
        earlier = question.history[-1].evidence if question.history else ()
        if not earlier or when.present or asks_for_overview(query):
            return fresh
        resumed = self.resume(query, hits, fresh, earlier)
        return resumed if self.composer.fits(query, resumed) else fresh

    def _signals(
        self, draft: Draft, question: str, evidence: Sequence[Evidence], cancel: threading.Event, costs: Costs
    ) -> dict[str, float]:
        """What tells whether the evidence answers, what the generator says of it included.

        The nearest sentence is asked about first, and all the evidence only where that can change the decision: where
        the nearest leaves no hope, the evidence is not read. No one sentence tells how things stand: where that is
        asked, all the evidence speaks for the nearest too.
        """
        nearest = nearest_of(draft.query, evidence, self.similarity)
        told = signals_of(draft.query, draft.hits, evidence, nearest.cosine)
        near = None
        if not asks_for_overview(question):
            prompt = self.composer.check_nearest(question, nearest.alone())
            near = self.generator.yes_no(prompt, cancel, costs.spend)
        if near is not None:
            told["yes_no_nearest"] = near
            at_worst, at_best = (self.abstainer({**told, "yes_no": whole}) for whole in SAID_OF_ALL)
            if not at_worst < self.policy.threshold <= at_best:
                return told
        whole = self.generator.yes_no(self.composer.check(question, evidence), cancel, costs.spend)
        return told if whole is None else {"yes_no_nearest": whole, **told, "yes_no": whole}

    def find(self, query: str, question: Question, when: When) -> tuple[tuple[Hit, ...], Period | None]:
        """The hits for a query that says `when`, within the question's filters, and what its time had to do with it."""
        search, policy = self.retriever.retrieve, self.policy
        found = find(search, query, policy.candidates, question.filters, when, question.as_of, policy.timing)
        return found.hits, found.period

    def _repaired(self, sentence: Sentence, prompt: Prompt, cancel: threading.Event, costs: Costs) -> CitedSentence:
        """The sentence, cited and checked; or, where that is supported and the whole is not, less its last clause."""
        whole = self._checked(self.attributor.attribute(sentence, prompt.evidence), prompt, cancel, costs)
        if whole.quotes and not self._supported(whole):
            for head in shorter(sentence.text)[:MOST_CUTS]:
                part = self.attributor.attribute(replace(sentence, text=head), prompt.evidence)
                part = self._checked(part, prompt, cancel, costs)
                if self._supported(part):
                    return part
        return whole

    def _supported(self, sentence: CitedSentence) -> bool:
        return bool(sentence.quotes) and sentence.support >= self.policy.thresholds.supported

    def _checked(self, sentence: CitedSentence, prompt: Prompt, cancel: threading.Event, costs: Costs) -> CitedSentence:
        """The sentence with its support, for which the generator is asked whether the evidence it has read holds it.

        That costs a hundred tokens a sentence, so it is asked only where it can change what the sentence is called.
        """
        quotes = [quote.told(sentence.text) for quote in sentence.quotes]
        if not quotes or not self.generator.capabilities.yes_no:
            return sentence
        support = self.verifier.settled(sentence.text, quotes)
        if support is None:
            evidence, spend = prompt.evidence, costs.spend
            odds = held_by(self.generator, self.composer, sentence.text, evidence, cancel, spend)
            support = self.verifier(sentence.text, quotes, odds)
        return replace(sentence, support=support)

    def _holds(self, sentence: CitedSentence) -> bool:
        return bool(sentence.quotes) and sentence.support >= self.policy.thresholds.partial

    def _refuse_unaskable(self, question: Question) -> None:
        if any("\ud800" <= c <= "\udfff" for c in question.text):
            raise QuestionRefused("the question is not valid text (bytes that are not UTF-8); type it again")
        count = len(question.text.split())
        if count == 0:
            raise QuestionRefused("the question is empty; type what you want to know")
        if count > self.policy.question_words:
            raise QuestionRefused(
                f"the question has {count} words, more than the {self.policy.question_words} allowed; "
                "ask it shorter, or raise question_words in the settings"
            )

    def _rewriter(self, cancel: threading.Event, costs: Costs) -> Callable[[str, Sequence[Turn]], str]:
        def rewrite(message: str, history: Sequence[Turn]) -> str:
            with suppress(PromptTooLong):  # then the question before it has to do
                told = complete(self.generator.generate(self.composer.condense(message, history), cancel))
                costs.spend(told.usage)
                return told.text
            return ""

        return rewrite

    def _tokens(self, prompt: Prompt, cancel: threading.Event, costs: Costs) -> Generator[Token, None, Completion]:
        pieces = self.generator.generate(prompt, cancel)
        while True:
            try:
                piece = next(pieces)
            except StopIteration as end:
                completion = cast(Completion, end.value)
                costs.spend(completion.usage)
                return completion
            costs.got_token()
            yield Token(piece)

    def _answer(self, draft: Draft, completion: Completion, cited: Sequence[CitedSentence], costs: Costs) -> Answer:
        differing = rivals(draft.query, cited, draft.evidence)
        told = with_rivals(cited, differing)
        shown = show(told)
        claims = tuple(
            self._claim(shown.text, span, numbers, sentence)
            for (span, numbers), sentence in zip(shown.sentences, told, strict=True)
        )
        own = [c.support for c, said in zip(claims, told, strict=True) if c.status != "no_claim" and said in cited]
        support = sum(own) / len(own) if own else 0.0
        dates = [c.published for c in shown.citations if c.published]
        blank = self._abstention(draft, completion, costs)
        return replace(
            blank,
            text=shown.text,
            claims=claims,
            citations=shown.citations,
            nearest=(),
            abstained=False,
            confidence=draft.likelihood * support,
            as_of=max(dates, default=None),
            disagreements=disagreements(differing, shown.citations),
        )

    def _claim(self, text: str, span: Span, numbers: tuple[int, ...], sentence: CitedSentence) -> Claim:
        status = status_of(sentence.text, sentence.support, bool(numbers), self.policy.thresholds)
        support = sentence.support if numbers else 0.0
        return Claim(text[span.start : span.end], span.start, span.end, numbers, support, status)

    def _abstention(self, draft: Draft, completion: Completion | None, costs: Costs) -> Answer:
        nearest = draft.nearest or whole_chunks(draft.hits[:NEAREST])
        raw = completion.text if completion else ""
        text = sentence_for(draft.query, nearest, draft.out_of_time)
        if self.policy.threshold > 0 and draft.unclear:
            text = clarifying(draft.unclear)
        manifest = self.retriever.manifest
        return Answer(
            question=draft.question.text,
            query=draft.query,
            text=text,
            raw_text=raw,
            claims=(Claim(text, 0, len(text), (), 0.0, "no_claim"),),
            citations=(),
            unresolved=unresolved(find_markers(raw), draft.evidence),
            evidence=draft.evidence,
            nearest=nearest,
            abstained=True,
            confidence=1.0 - draft.likelihood,
            as_of=None,
            model=self.generator.model,
            index=IndexState(manifest.generation, manifest.articles, manifest.chunks, manifest.embedder),
            usage=costs.usage,
            timings=costs.timings(),
            settings_digest=self.policy.settings_digest,
            version=self.policy.version,
            signals={**draft.signals, "answerable": draft.likelihood},
            period=draft.period,
            set_aside=set_aside(draft.hits),
        )


def _done(answer: Answer) -> Answered:
    log.info(
        "answered abstained=%s answerable=%.3f claims=%d citations=%d unresolved=%d prompt_tokens=%d cached_tokens=%d "
        "completion_tokens=%d seconds=%.2f",
        answer.abstained,
        answer.signals["answerable"],
        len(answer.claims),
        len(answer.citations),
        len(answer.unresolved),
        answer.usage.prompt_tokens,
        answer.usage.cached_tokens,
        answer.usage.completion_tokens,
        answer.timings.total_s,
    )
    return Answered(answer)


@dataclass(frozen=True, slots=True)
class Draft:
    """What is known of an answer before it is generated.

    `nearest` are the passages that come closest; `likelihood`: that the sources answer the question.
    """

    question: Question
    query: str
    hits: tuple[Hit, ...]
    evidence: tuple[Evidence, ...]
    nearest: tuple[Evidence, ...]
    signals: Mapping[str, float]
    likelihood: float
    when: When
    period: Period | None

    @property
    def out_of_time(self) -> str:
        """Why nothing that was found can tell of the time asked about; "" where it can."""
        window = self.when.window
        if window and cannot_know(self.when, self.evidence):
            return f"was published before {in_words(window)}"
        if window and of_other_years(self.when, self.evidence):
            return f"is of other years and says nothing of {in_words(window)}"
        return ""

    @property
    def unclear(self) -> str | None:
        """The words of the question that point at something nobody has named."""
        return unclear(self.question.text, self.question.history)
