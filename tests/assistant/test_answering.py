"""A question becomes a stream that ends in one answer, cited or honestly none, and can be stopped at any point."""

from __future__ import annotations

import threading
from collections.abc import Callable, Sequence
from dataclasses import replace
from datetime import date

import pytest
from hypothesis import given
from hypothesis import strategies as st

from assistant.abstaining import SAID_OF_ALL
from assistant.answering import Assistant
from assistant.contract import answer_to_json
from assistant.errors import GenerationCancelled, GenerationFailed, PromptTooLong, QuestionRefused
from assistant.types import Answer, Answered, Event, Evidence, Prompt, Question, Retrieved, Token, Turn, Usage
from index.types import Filters, Hit
from tests.contract_schema import assert_contract
from tests.fakes import (
    MANIFEST,
    MODEL,
    TEMPLATES,
    FakeGenerator,
    FakeRetriever,
    FakeVerifier,
    article,
    assistant_over,
    evidence_of,
    hit,
    hits,
)

DAM = "The dam of Kurakhove was struck on 11 November 2024."
RIVER = "The river rose by 1.2 metres."
FOUND = hits(DAM, RIVER)
WHAT = Question("What was struck in Kurakhove?")
REPLY = "The dam of Kurakhove was struck [1]. The river rose [2]."


def assistant(
    generator: FakeGenerator | None = None, found: Sequence[Hit] = FOUND, threshold: float = 0.5
) -> Assistant:
    return assistant_over(found, generator or FakeGenerator(REPLY), threshold=threshold)


def kinds(events: Sequence[Event]) -> list[type]:
    """The kinds of the events, repeated tokens once."""
    found = [type(event) for event in events]
    return [kind for n, kind in enumerate(found) if n == 0 or kind is not Token or found[n - 1] is not Token]


def article_text(found: Sequence[Hit]) -> dict[str, str]:
    return {one.article.id: one.chunk.text for one in found}


# ---- an answer


def test_the_stream_is_passages_then_text_then_one_answer() -> None:
    events = list(assistant().stream(WHAT))
    assert kinds(events) == [Retrieved, Token, Answered]
    retrieved, answered = events[0], events[-1]
    assert isinstance(retrieved, Retrieved) and isinstance(answered, Answered)
    assert retrieved.query == WHAT.text
    assert [piece.text for piece in retrieved.evidence] == [DAM, RIVER]
    assert "".join(event.text for event in events if isinstance(event, Token)) == answered.answer.raw_text == REPLY


WHETHER = Question("Was the dam of Kurakhove struck?")


def surest_of(*told: str) -> Callable[[Prompt], float]:
    """A grade: yes where the passage asked about alone tells one of these, no elsewhere."""
    return lambda prompt: 5.0 if any(one in prompt.messages[-1].text for one in told) else -0.9


def test_asked_whether_a_thing_is_so_it_answers_in_the_sources_own_words() -> None:
    generator = FakeGenerator("Yes, it was struck [1].")
    answer = assistant(generator).ask(WHETHER)
    assert answer.text == "The dam of Kurakhove was struck on 11 November 2024 [1]."
    assert [citation.quote for citation in answer.citations] == [DAM]
    assert generator.answered == [], "nothing was written"


def quoting(generator: FakeGenerator, found: Sequence[Hit] = FOUND) -> Assistant:
    """Answers with quotations to whatever is asked."""
    written = assistant(generator, found)
    return replace(written, policy=replace(written.policy, quotes=lambda question: True))


def test_what_is_quoted_is_the_sentence_that_the_generator_says_answers() -> None:
    answer = quoting(FakeGenerator(REPLY, logit=surest_of("The river"))).ask(
        Question("What about the dam of Kurakhove?")
    )
    assert answer.text == "The river rose by 1.2 metres [1]." and answer.signals["yes_no_best"] == 5.0
    assert [(claim.status, claim.numbers) for claim in answer.claims] == [("supported", (1,))]
    assert answer.raw_text == f"{RIVER} [2]"


@pytest.mark.parametrize("ask", [quoting, assistant], ids=["quoted", "written"])
def test_the_tokens_told_are_all_that_were_read_for_the_answer(ask: Callable[[FakeGenerator], Assistant]) -> None:
    generator = FakeGenerator("The dam of Kurakhove was hit, and the river had risen [1].")
    answer = ask(generator).ask(WHAT)
    read = [*generator.checked, *generator.untold, *generator.answered]
    assert answer.usage.prompt_tokens == sum(prompt.tokens for prompt in read) > 0
    assert (answer.usage.completion_tokens > 0) is bool(generator.answered)


def test_a_quotation_is_one_token_and_then_the_answer() -> None:
    events = list(quoting(FakeGenerator(REPLY)).stream(WHAT))
    assert [type(event) for event in events] == [Retrieved, Token, Answered]


def test_where_no_sentence_answers_nothing_is_quoted() -> None:
    answer = quoting(FakeGenerator(REPLY, logit=-1.0)).ask(WHAT)
    assert answer.abstained and answer.raw_text == "" and answer.signals["yes_no_best"] == -1.0


@pytest.mark.parametrize(("said", "asked"), [(-3.0, 1), (-0.5, 2), (5.0, 1)])
def test_a_no_without_hope_and_a_sure_yes_end_the_asking(said: float, asked: int) -> None:
    generator = FakeGenerator(REPLY, logit=said)
    answer = quoting(generator).ask(WHAT)
    checks = [prompt for prompt in generator.checked if "Does the source contain" in prompt.messages[-1].text]
    assert len(checks) == asked and answer.abstained is (said < 0)


STANDS = Question("What is known about the dam and the river of Kurakhove?")


def test_how_things_stand_is_told_by_whole_passages_a_paragraph_each() -> None:
    generator = FakeGenerator(REPLY)
    answer = quoting(generator).ask(STANDS)
    assert answer.raw_text == f"{DAM} [1]\n\n{RIVER} [2]" and generator.answered == []
    assert {claim.status for claim in answer.claims} == {"supported"}
    assert [citation.quote for citation in answer.citations] == [DAM, RIVER]
    assert_contract(answer_to_json(answer))


@pytest.mark.parametrize(("told", "asked"), [((DAM,), [DAM]), ((RIVER,), [DAM, RIVER]), ((), [DAM, RIVER])])
def test_of_how_things_stand_passages_are_asked_about_until_one_tells(told: Sequence[str], asked: list[str]) -> None:
    generator = FakeGenerator(REPLY, logit=surest_of(*told))
    answer = quoting(generator).ask(STANDS)
    said = [prompt.messages[-1].text for prompt in generator.checked]
    checks = [text for text in said if "Does the source contain" in text]
    assert [[one for one in (DAM, RIVER) if one in check] for check in checks] == [[one] for one in asked]
    assert answer.abstained is (not told)


def test_where_the_newest_gives_nothing_how_things_stand_is_told_of_the_rest() -> None:
    def nothing_but_the_dam(question: str, found: Sequence[Hit]) -> tuple[Evidence, ...]:
        return evidence_of(one for one in found if one.chunk.text == DAM)

    days = (date(2025, 3, 3), date(2025, 3, 2), date(2025, 3, 1), date(2024, 11, 12))
    texts = (*["Say nothing of the dam of Kurakhove."] * 3, DAM)
    found = [
        hit(article(text, f"a{n}", published=day), rank=n)
        for n, (text, day) in enumerate(zip(texts, days, strict=True), 1)
    ]
    asked = replace(quoting(FakeGenerator(REPLY), found), selector=nothing_but_the_dam)
    answer = asked.ask(Question("What is the latest on the dam of Kurakhove?"))
    assert [citation.quote for citation in answer.citations] == [DAM]


def test_a_generator_that_cannot_grade_and_a_question_that_wants_no_quotation_are_answered_in_its_own_words() -> None:
    for generator, question in [(FakeGenerator(REPLY, logit=None), WHETHER), (FakeGenerator(REPLY), WHAT)]:
        assert assistant(generator).ask(question).raw_text == REPLY


def test_quotations_have_a_threshold_of_their_own() -> None:
    likely = replace(assistant(), abstainer=lambda signals: 0.3)
    likely = replace(likely, policy=replace(likely.policy, quoting_threshold=0.2))
    assert not likely.ask(WHETHER).abstained and likely.ask(WHAT).abstained
    assert replace(likely, abstainer=lambda signals: 0.1).ask(WHETHER).abstained


def test_asking_gives_the_streams_answer() -> None:
    last = list(assistant().stream(WHAT))[-1]
    assert isinstance(last, Answered)
    assert assistant().ask(WHAT) == last.answer


def test_each_sentence_is_a_claim_with_its_citation_and_support() -> None:
    answer = assistant().ask(WHAT)
    assert answer.text == "The dam of Kurakhove was struck [1]. The river rose [2]."
    assert [(claim.text, claim.numbers, claim.status) for claim in answer.claims] == [
        ("The dam of Kurakhove was struck [1].", (1,), "supported"),
        ("The river rose [2].", (2,), "supported"),
    ]
    assert [citation.quote for citation in answer.citations] == [DAM, RIVER]
    assert not answer.abstained
    assert answer.nearest == ()
    assert_contract(answer_to_json(answer), article_text(FOUND).__getitem__)


def test_an_answer_says_what_made_it() -> None:
    answer = assistant().ask(WHAT)
    assert answer.model == MODEL
    assert (answer.index.generation, answer.index.articles, answer.index.chunks) == (7, 2, 5)
    assert answer.index.embedder == MANIFEST.embedder
    assert (answer.settings_digest, answer.version) == ("0123456789ab", "0.0")
    assert answer.usage.completion_tokens > 0
    assert answer.signals["yes_no"] == 5.0
    assert answer.signals["answerable"] == 1.0


def test_times_rise_from_retrieving_to_the_end() -> None:
    times = assistant().ask(WHAT).timings
    assert times.first_evidence_s is not None and times.first_token_s is not None
    assert 0 < times.retrieve_s <= times.first_evidence_s < times.first_token_s < times.total_s < 20


def test_an_answer_is_as_new_as_its_newest_cited_article() -> None:
    found = [
        hit(article(DAM, "a1", published=date(2024, 11, 12)), rank=1),
        hit(article(RIVER, "a2", published=None), rank=2),
        hit(article("Paris is large.", "a3", published=date(2025, 5, 5)), rank=3),
    ]
    assert assistant(found=found).ask(WHAT).as_of == date(2024, 11, 12)
    undated = [replace(one, article=replace(one.article, published=None)) for one in found]
    assert assistant(found=undated).ask(WHAT).as_of is None


def test_a_sentence_the_sources_do_not_hold_is_shown_as_unsupported() -> None:
    answer = assistant(
        FakeGenerator("The dam of Kurakhove was struck [1]. Paris has two million inhabitants [2].")
    ).ask(WHAT)
    held, invented = answer.claims
    assert (held.status, invented.status) == ("supported", "unsupported")
    assert (invented.numbers, invented.support) == ((), 0.0)
    assert invented.text == "Paris has two million inhabitants."


def test_confidence_falls_with_support() -> None:
    sure = assistant(FakeGenerator("The dam of Kurakhove was struck [1].")).ask(WHAT)
    unsure = assistant(FakeGenerator("The dam of Kurakhove was struck [1]. Paris is large.")).ask(WHAT)
    assert 0 < unsure.confidence < sure.confidence <= 1


def test_a_marker_that_points_nowhere_is_reported_and_not_shown() -> None:
    raw = "The dam of Kurakhove was struck [7]. The river rose [2]."
    answer = assistant(FakeGenerator(raw)).ask(WHAT)
    assert [(m.marker, raw[m.start : m.end].strip()) for m in answer.unresolved] == [("[7]", "[7]")]
    assert "[7]" not in answer.text
    assert answer.raw_text == raw


def test_of_an_answer_that_grew_too_long_only_whole_sentences_are_shown() -> None:
    raw = "The dam of Kurakhove was struck [1]. The river rose [2] by"
    answer = assistant(FakeGenerator(raw, stop="length")).ask(WHAT)
    assert answer.text == "The dam of Kurakhove was struck [1]."
    assert answer.raw_text == raw
    assert assistant(FakeGenerator(raw)).ask(WHAT).text.endswith("The river rose by [2]")


def test_the_search_gets_the_question_its_filters_and_the_number_of_candidates() -> None:
    retriever = FakeRetriever(FOUND)
    filters = Filters(since=date(2024, 11, 1))
    assistant_over((), FakeGenerator(REPLY), retriever=retriever).ask(Question("What was struck?", filters=filters))
    assert retriever.queries == [("What was struck?", 40, filters)]


def test_evidence_that_does_not_fit_the_context_is_not_said_to_have_been_shown() -> None:
    generator = FakeGenerator(REPLY, context_size=230)
    found = hits(DAM, " ".join(["long"] * 120) + ".")
    events = list(assistant(generator, found).stream(WHAT))
    assert isinstance(events[0], Retrieved) and isinstance(events[-1], Answered)
    assert len(events[0].evidence) == 2
    assert [piece.number for piece in events[-1].answer.evidence] == [1]
    assert generator.checked[1].evidence == generator.answered[0].evidence == events[-1].answer.evidence


# ---- an abstention


def assert_abstained(answer: Answer) -> None:
    assert answer.abstained
    assert answer.text.startswith("Your sources do not answer this")
    assert answer.citations == ()
    assert answer.as_of is None
    assert [claim.status for claim in answer.claims] == ["no_claim"]
    assert_contract(answer_to_json(answer))


def test_without_evidence_the_model_is_not_asked() -> None:
    generator = FakeGenerator(REPLY)
    events = list(assistant(generator, ()).stream(WHAT))
    assert kinds(events) == [Retrieved, Answered]
    assert isinstance(events[-1], Answered)
    assert_abstained(events[-1].answer)
    assert events[-1].answer.confidence == 1.0
    assert events[-1].answer.nearest == ()
    assert generator.answered == generator.checked == []


def test_where_nothing_is_chosen_of_what_was_found_the_nearest_passages_are_listed() -> None:
    def nothing(question: str, found: Sequence[Hit]) -> tuple[Evidence, ...]:
        return ()

    answer = assistant_over(hits("a b", "c d", "e f", "g h"), selector=nothing).ask(WHAT)
    assert_abstained(answer)
    assert [piece.text for piece in answer.nearest] == ["a b", "c d", "e f"]


@pytest.mark.parametrize(
    ("at_worst", "at_best", "asks"), [(0.3, 0.4, False), (0.3, 0.6, True), (0.5, 0.6, False), (0.5, 0.5, False)]
)
def test_all_the_evidence_is_asked_about_where_it_can_change_the_decision(
    at_worst: float, at_best: float, asks: bool
) -> None:
    told = dict(zip(SAID_OF_ALL, (at_worst, at_best), strict=True))
    generator = FakeGenerator(REPLY, logit=3.0)
    asked = replace(assistant(generator), abstainer=lambda signals: told.get(signals.get("yes_no", 9.0), at_worst))
    answer = asked.ask(WHAT)
    assert answer.abstained is (at_worst < 0.5)
    nearest, *others = generator.checked
    assert nearest.aside and nearest.evidence == ()
    ending = TEMPLATES.check.substitute(question=WHAT.text)
    assert [prompt.messages[-1].text.endswith(ending) for prompt in others].count(True) == asks
    assert ("yes_no" in answer.signals) is asks and answer.signals["yes_no_nearest"] == 3.0
    assert_contract(answer_to_json(answer))


def test_how_things_stand_is_asked_of_all_the_evidence_alone() -> None:
    generator = FakeGenerator(REPLY, logit=-3.0)
    assert_abstained(assistant(generator).ask(Question("What is the situation at the dam?")))
    assert [len(prompt.evidence) for prompt in generator.checked] == [2]


def test_below_the_threshold_nothing_is_generated() -> None:
    generator = FakeGenerator(REPLY, logit=-3.0)
    events = list(assistant(generator).stream(WHAT))
    assert kinds(events) == [Retrieved, Answered]
    assert isinstance(events[-1], Answered)
    answer = events[-1].answer
    assert_abstained(answer)
    assert answer.confidence == 1.0
    assert answer.raw_text == ""
    assert [piece.text for piece in answer.nearest] == [DAM, RIVER]
    assert answer.timings.first_token_s is None
    assert answer.usage == Usage(sum(prompt.tokens for prompt in generator.checked), 0, 0)
    assert len(generator.checked) == 2  # of the nearest sentence, and of all the evidence
    assert generator.answered == []


@pytest.mark.parametrize(("threshold", "abstains"), [(0.0, False), (0.5, False), (0.51, True)])
def test_the_threshold_is_the_least_that_is_answered(threshold: float, abstains: bool) -> None:
    answer = assistant(FakeGenerator(REPLY, logit=None), threshold=threshold).ask(WHAT)
    assert answer.signals["answerable"] == 0.5
    assert answer.abstained is abstains


def test_an_answer_of_which_nothing_can_be_cited_becomes_an_abstention() -> None:
    raw = "Paris has two million inhabitants [1]."
    events = list(assistant(FakeGenerator(raw)).stream(WHAT))
    assert kinds(events) == [Retrieved, Token, Answered]
    assert isinstance(events[-1], Answered)
    assert_abstained(events[-1].answer)
    assert events[-1].answer.raw_text == raw
    assert events[-1].answer.usage.completion_tokens > 0


def test_without_a_threshold_even_the_unlikely_is_answered() -> None:
    answer = assistant(FakeGenerator("Paris has two million inhabitants.", logit=-9.0), threshold=0.0).ask(WHAT)
    assert not answer.abstained
    assert answer.text == "Paris has two million inhabitants."
    assert answer.claims[0].status == "unsupported"
    assert answer.confidence == 0.0
    assert_contract(answer_to_json(answer))


@pytest.mark.parametrize("threshold", [0.0, 0.5])
@pytest.mark.parametrize("reply", ["", " \n", "[1]", "[1] [2]"])
def test_a_model_that_says_nothing_makes_an_abstention(reply: str, threshold: float) -> None:
    answer = assistant(FakeGenerator(reply), threshold=threshold).ask(WHAT)
    assert_abstained(answer)
    assert answer.raw_text == reply


def test_a_question_with_a_marker_in_it_shows_no_number_that_leads_nowhere() -> None:
    assert_abstained(assistant(found=()).ask(Question("What does [1] say?")))


# ---- what cannot be asked


@pytest.mark.parametrize("text", ["", " ", "\n\t\u2003"])
def test_an_empty_question_is_refused_before_anything_is_looked_up(text: str) -> None:
    retriever, generator = FakeRetriever(FOUND), FakeGenerator(REPLY)
    with pytest.raises(QuestionRefused, match="the question is empty"):
        assistant_over((), generator, retriever=retriever).ask(Question(text))
    assert retriever.queries == generator.checked == []


def test_a_question_of_too_many_words_is_refused_before_anything_is_looked_up() -> None:
    retriever = FakeRetriever(FOUND)
    over = assistant_over((), FakeGenerator(REPLY), retriever=retriever, question_words=10)
    with pytest.raises(QuestionRefused, match="the question has 10000 words, more than the 10 allowed"):
        over.ask(Question("why " * 10_000))
    assert retriever.queries == []
    over.ask(Question("why " * 10))
    assert len(retriever.queries) == 1


def test_a_context_too_small_for_one_passage_is_told_and_the_assistant_can_be_asked_again() -> None:
    generator = FakeGenerator(REPLY, context_size=200)
    over = assistant(generator, hits(DAM))
    with pytest.raises(PromptTooLong, match="context_tokens to at least"):
        over.ask(Question("why " * 150))
    assert not over.ask(WHAT).abstained


# ---- stopping


def test_a_cancelled_question_stops_before_the_model_is_asked() -> None:
    generator = FakeGenerator(REPLY)
    cancel = threading.Event()
    stream = assistant(generator).stream(WHAT, cancel)
    assert isinstance(next(stream), Retrieved)
    cancel.set()
    with pytest.raises(GenerationCancelled):
        next(stream)
    assert generator.answered == []


def test_a_cancelled_answer_stops_and_the_assistant_can_be_asked_again() -> None:
    cancel = threading.Event()
    generator = FakeGenerator(REPLY, before_piece=lambda number: cancel.set() if number == 2 else None)
    over = assistant(generator)
    said: list[Event] = []
    with pytest.raises(GenerationCancelled):
        for event in over.stream(WHAT, cancel):
            said.append(event)
    assert [type(event) for event in said] == [Retrieved, Token, Token]
    generator.before_piece = lambda number: None
    assert not over.ask(WHAT).abstained


def test_a_model_that_breaks_off_is_told_and_the_assistant_can_be_asked_again() -> None:
    def break_off(number: int) -> None:
        raise GenerationFailed("the model broke off; ask again")

    generator = FakeGenerator(REPLY, before_piece=break_off)
    over = assistant(generator)
    with pytest.raises(GenerationFailed, match="ask again"):
        over.ask(WHAT)
    generator.before_piece = lambda number: None
    assert not over.ask(WHAT).abstained


def test_a_stream_nobody_reads_on_asks_the_model_for_nothing() -> None:
    generator = FakeGenerator(REPLY)
    stream = assistant(generator).stream(WHAT)
    next(stream)
    stream.close()  # type: ignore[attr-defined]
    assert generator.checked == generator.answered == []


def test_several_questions_can_be_asked_at_once() -> None:
    over = assistant()
    streams = [over.stream(WHAT) for _ in range(3)]
    events = [list(event) for event in zip(*streams, strict=True)]
    assert len({repr(event) for event in events[0]}) == 1
    assert all(isinstance(event, Answered) for event in events[-1])


# ---- following up

HISTORY = (Turn("user", "What happened in Kurakhove?"), Turn("assistant", "The dam of Kurakhove was struck [1]."))


def rewriting(text: str) -> FakeGenerator:
    """A generator that rewrites to `text` and answers with REPLY."""

    def reply(prompt: Prompt) -> str:
        return REPLY if prompt.evidence else text

    return FakeGenerator(reply)


def test_a_question_that_stands_alone_is_searched_as_it_is() -> None:
    generator = rewriting("Something else?")
    answer = assistant(generator).ask(Question("What was struck in Kurakhove?", HISTORY))
    assert answer.query == answer.question == "What was struck in Kurakhove?"
    assert len(generator.answered) == 1


def test_a_follow_up_is_searched_as_it_was_rewritten() -> None:
    answer = assistant(rewriting("When was the dam of Kurakhove struck?")).ask(Question("When was it struck?", HISTORY))
    assert answer.question == "When was it struck?"
    assert answer.query == "When was the dam of Kurakhove struck?"
    assert_contract(answer_to_json(answer))


def test_a_rewriting_that_invents_a_name_is_searched_as_question_after_question() -> None:
    answer = assistant(rewriting("When was the dam of Pokrovsk struck?")).ask(Question("When was it struck?", HISTORY))
    assert answer.query == "What happened in Kurakhove? When was it struck?"


def holding_first(
    question: str, found: Sequence[Hit], fresh: tuple[Evidence, ...], earlier: Sequence[Evidence]
) -> tuple[Evidence, ...]:
    """What was shown before, and behind it what is fresh."""
    return tuple(replace(piece, number=n) for n, piece in enumerate((*earlier, *fresh), 1))


def following(question: str, before: Sequence[Hit], generator: FakeGenerator | None = None, **others: float) -> Answer:
    """The answer to a follow-up over FOUND, with what was `before` shown as the evidence of the answer before."""
    resuming = replace(assistant(generator, **others), resume=holding_first)
    history = (HISTORY[0], replace(HISTORY[1], evidence=evidence_of(before)))
    return resuming.ask(Question(question, history))


SHOWN = hits("Bread is baked in Lviv.")


def test_a_follow_up_goes_on_with_the_evidence_of_the_answer_before() -> None:
    answer = following("What was struck in Kurakhove?", SHOWN)
    assert [piece.text for piece in answer.evidence] == ["Bread is baked in Lviv.", DAM, RIVER]
    assert answer.citations[0].quote == DAM
    assert_contract(answer_to_json(answer))


def test_without_what_the_answer_before_was_drawn_from_a_follow_up_has_its_own_evidence() -> None:
    assert [piece.text for piece in following("What was struck in Kurakhove?", ()).evidence] == [DAM, RIVER]


@pytest.mark.parametrize("question", ["What is the situation in Kurakhove?", "Who holds Kurakhove now?"])
def test_where_the_order_of_the_evidence_matters_a_follow_up_has_its_own(question: str) -> None:
    assert [piece.text for piece in following(question, SHOWN).evidence] == [DAM]  # no word of Kurakhove in the other


def test_evidence_too_long_to_go_on_with_gives_way_to_the_questions_own() -> None:
    """What does not fit is dropped from the end, where what is new stands."""
    small = FakeGenerator(REPLY, context_size=290)
    answer = following("What was struck in Kurakhove?", hits("so " * 150), small)
    assert [piece.text for piece in answer.evidence] == [DAM, RIVER]


def test_the_passages_that_come_closest_are_the_new_questions() -> None:
    answer = following("What was struck in Kurakhove?", SHOWN, FakeGenerator(REPLY, logit=-5.0))
    assert answer.abstained
    assert [piece.text for piece in answer.nearest] == [DAM, RIVER]


def test_a_question_is_rewritten_aside_and_answered_where_the_model_was() -> None:
    generator = rewriting("When was the dam of Kurakhove struck?")
    assistant(generator).ask(Question("When was it struck?", HISTORY))
    assert [prompt.aside for prompt in generator.answered] == [True, False]


# ---- whatever comes

sentences = st.sampled_from(
    [DAM, RIVER, "Paris is large.", "It is so.", "…", "Sure!", "[1]", "[9]", "[[1]2]", "库拉霍韦。"]
)
replies = st.one_of(st.text(max_size=60), st.lists(sentences, max_size=5).map(" ".join))


@given(
    replies,
    st.lists(st.one_of(sentences, st.text(max_size=40)).filter(lambda text: any(map(str.isalnum, text))), max_size=3),
    st.sampled_from([-2.0, 2.0, None]),
    st.sampled_from([0.0, 0.5, 0.9]),
)
def test_any_reply_over_any_evidence_ends_in_one_answer_that_keeps_the_contract(
    reply: str, texts: list[str], logit: float | None, threshold: float
) -> None:
    found = hits(*texts)
    events = list(assistant(FakeGenerator(reply, logit), found, threshold).stream(WHAT))
    assert isinstance(events[0], Retrieved)
    assert [type(event) for event in events].count(Answered) == 1
    assert isinstance(events[-1], Answered)
    answer = events[-1].answer
    assert_contract(answer_to_json(answer), article_text(found).__getitem__)
    assert answer.abstained or answer.raw_text == reply


def test_a_conversation_too_long_for_the_context_leaves_the_last_question_before_the_new_one() -> None:
    generator = replace(rewriting("never asked"), context_size=160)
    history = (Turn("user", "Who led the brigade?"), Turn("assistant", "so " * 400))
    events = assistant(generator).stream(Question("And when?", history))
    first = next(iter(events))
    assert isinstance(first, Retrieved)
    assert first.query == "Who led the brigade? And when?"


def test_a_question_that_is_no_text_is_refused() -> None:
    with pytest.raises(QuestionRefused, match="UTF-8"):
        assistant().ask(Question("\udcff dam?"))


def test_the_log_tells_what_happened_and_not_what_was_asked_or_said(caplog: pytest.LogCaptureFixture) -> None:
    with caplog.at_level("INFO", logger="assistant"):  # a command run in this process may have made it quieter
        assistant().ask(WHAT)
    assert "retrieved hits=2 evidence=2" in caplog.text
    assert "answered abstained=False" in caplog.text
    assert "Kurakhove" not in caplog.text


def test_a_sentence_the_model_itself_denies_is_marked_although_its_words_are_all_there() -> None:
    statement = TEMPLATES.support.substitute(claim="The river rose.")
    denying = FakeGenerator(REPLY, logit=lambda prompt: -5.0 if prompt.messages[-1].text.endswith(statement) else 5.0)
    answer = assistant(denying).ask(WHAT)
    assert [claim.status for claim in answer.claims] == ["supported", "unsupported"]


def test_a_generator_that_cannot_grade_leaves_the_words_to_decide() -> None:
    answer = assistant(FakeGenerator(REPLY, logit=None)).ask(WHAT)
    assert [claim.status for claim in answer.claims] == ["supported", "supported"]


def test_a_last_clause_that_nothing_holds_is_cut_and_the_raw_text_kept() -> None:
    said = "The dam of Kurakhove was struck, and Paris celebrated its enormous opera festival [1]."
    answer = assistant(FakeGenerator(said)).ask(WHAT)
    assert (answer.text, answer.raw_text) == ("The dam of Kurakhove was struck [1].", said)
    assert [claim.status for claim in answer.claims] == ["supported"]


def test_a_sentence_that_no_cut_mends_is_marked() -> None:
    said = "The dam of Kurakhove was struck during Paris opera festivals [1]."
    answer = assistant(FakeGenerator(said)).ask(WHAT)
    assert answer.text == said
    assert [claim.status for claim in answer.claims] == ["partial"]


def test_the_generator_is_not_asked_about_a_sentence_that_its_words_settle() -> None:
    class Settled(FakeVerifier):
        def settled(self, claim: str, passages: Sequence[str]) -> float | None:
            return 0.9

    generator = FakeGenerator(REPLY)
    answer = replace(assistant(generator), verifier=Settled()).ask(WHAT)
    assert [claim.support for claim in answer.claims] == [0.9, 0.9]
    assert len(generator.checked) == 2  # twice whether the sources answer


# ---- time


def test_the_newest_leads_where_the_present_is_asked_about() -> None:
    found = [
        hit(article("Kurakhove is surrounded.", "a1", published=date(2024, 11, 20)), rank=1),
        hit(article("Kurakhove has fallen.", "a2", published=date(2025, 1, 11)), rank=2),
    ]
    answer = assistant(FakeGenerator("Kurakhove has fallen [1]."), found).ask(
        Question("What is the situation in Kurakhove?")
    )
    assert [piece.hit.article.id for piece in answer.evidence] == ["a2", "a1"]
    assert answer.as_of == date(2025, 1, 11)
    assert answer.period and answer.period.present
    assert_contract(answer_to_json(answer), article_text(found).__getitem__)


def test_the_model_is_told_which_days_last_week_was_and_only_at_the_end_of_its_prompt() -> None:
    generator = FakeGenerator(REPLY)
    question = Question("What was struck in Kurakhove last week?", as_of=date(2024, 12, 11))
    answer = assistant(generator).ask(question)
    told = "last week (2 to 8 December 2024)"
    assert answer.query == question.text
    for prompt in (generator.answered[0], generator.checked[1]):
        sources, asked = prompt.messages[-1].text.rsplit("Question: ", 1)
        assert told in asked
        assert told not in sources


def test_a_year_that_no_source_is_of_is_not_accepted_from_the_question() -> None:
    generator = FakeGenerator(REPLY)
    answer = assistant(generator).ask(Question("Who captured Kurakhove in 2021?"))
    assert answer.abstained and answer.nearest
    assert generator.answered == []
    assert "is of other years and says nothing of 2021" in answer.text


def test_what_the_sources_cannot_know_yet_is_not_asked_of_the_model() -> None:
    generator = FakeGenerator(REPLY)
    answer = assistant(generator).ask(Question("What was struck in Kurakhove on 5 January 2025?"))
    assert answer.abstained
    assert generator.answered == []
    assert "published before 5 January 2025" in answer.text
    assert answer.nearest
    assert_contract(answer_to_json(answer), article_text(FOUND).__getitem__)


def test_the_day_a_question_gives_wins_over_todays_date() -> None:
    retriever = FakeRetriever(FOUND)
    assistant_over(FOUND, FakeGenerator(REPLY), retriever=retriever).ask(replace(WHAT, as_of=date(2024, 12, 31)))
    assert all(filters.until == date(2024, 12, 31) and filters.undated for _, _, filters in retriever.queries)


def test_a_question_that_points_at_nothing_named_is_answered_by_a_question() -> None:
    generator = FakeGenerator(REPLY)
    answer = assistant(generator).ask(Question("Why did they leave?"))
    assert answer.abstained and answer.text.endswith("which is meant.") and "“they”" in answer.text
    assert [piece.text for piece in answer.nearest] == [DAM, RIVER]
    assert generator.answered == []
    assert not assistant(threshold=0.0).ask(Question("Why did they leave?")).abstained
