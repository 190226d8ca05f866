"""Every metric against cases computed by hand, bounds as properties, and slow definitions as oracles."""

from __future__ import annotations

import itertools
import math

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from assistant.evaluation import metrics
from assistant.evaluation.metrics import Abstention, CitedSentence, DocSpan

words = st.sampled_from("fish otter the a swims 1923 yes no river’s".split())
sentences = st.lists(words, max_size=12).map(" ".join)
golds = st.lists(sentences, max_size=4)
numbers = st.floats(0, 1, allow_nan=False)
coarse = st.sampled_from([0.0, 0.25, 0.5, 0.75, 1.0])


# --- answers -----------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("The Quick, brown  fox!", "quick brown fox"),
        ("an apple a day", "apple day"),
        ("“Ukraine’s” U.S.-made", "ukraines usmade"),
        ("Theatre of another anthem", "theatre of another anthem"),
        ("Dvořák – Größe", "dvořák – größe"),
        ("the a an", ""),
        ("", ""),
    ],
)
def test_normalize_lowers_and_deletes_punctuation_articles_and_extra_space(text: str, expected: str) -> None:
    assert metrics.normalize(text) == expected


@given(st.text())
def test_normalizing_twice_is_normalizing_once_for_ordinary_text(text: str) -> None:
    plain = text.encode("ascii", "ignore").decode()
    assert metrics.normalize(metrics.normalize(plain)) == metrics.normalize(plain)


@pytest.mark.parametrize(
    ("answer", "gold", "expected"),
    [
        ("It was The Red Fort [1].", ["red fort"], 1.0),
        ("It was the redfort.", ["red fort"], 0.0),
        ("Category 19", ["9"], 0.0),
        ("There were 12 [3].", ["3"], 0.0),
        ("There were 12 [3, 4].", ["4"], 0.0),
        ("In 1923.", ["1922", "1923"], 1.0),
        ("Anything", ["", "the"], None),
        ("Anything", [], None),
        ("", ["fish"], 0.0),
    ],
)
def test_inclusion_looks_for_whole_words_outside_markers(answer: str, gold: list[str], expected: float | None) -> None:
    assert metrics.inclusion(answer, gold) == expected


def test_an_empty_reference_beside_a_real_one_is_as_if_it_were_not_there() -> None:
    assert metrics.inclusion("cats", ["", "dogs"]) == 0.0
    assert metrics.token_f1("cats", ["", "dogs"]) == 0.0
    assert metrics.rouge_l("", ["", "dogs"]) == 0.0


def test_token_f1_and_recall_count_a_word_as_often_as_it_occurs_in_both() -> None:
    # said: fish fish otter (3), gold: fish otter otter swims (4), shared: fish otter (2)
    assert metrics.token_f1("fish fish otter [1]", ["fish otter otter swims"]) == pytest.approx(4 / 7)
    assert metrics.token_recall("fish fish otter", ["fish otter otter swims"]) == pytest.approx(2 / 4)


def test_the_best_reference_counts() -> None:
    assert metrics.token_f1("red fort", ["blue", "red fort"]) == 1.0
    assert metrics.token_recall("red fort", ["blue", "red fort delhi india"]) == pytest.approx(0.5)
    assert metrics.rouge_l("red fort", ["blue", "fort red"]) == pytest.approx(0.5)


def test_rouge_l_is_the_f1_of_the_longest_common_subsequence() -> None:
    # police killed gunman / police kill gunman: subsequence of 2, lengths 3 and 3
    assert metrics.rouge_l("police killed the gunman", ["police kill the gunman"]) == pytest.approx(2 / 3)
    # b d of (a b c d) and (b d e): 2 * 2 / 7; words chosen so that no article is among them
    assert metrics.rouge_l("x b c d", ["b d e"]) == pytest.approx(4 / 7)
    assert metrics.rouge_l("one two", []) is None


@given(st.lists(words, max_size=6), st.lists(words, max_size=6))
def test_rouge_l_agrees_with_trying_every_subsequence(left: list[str], right: list[str]) -> None:
    said, gold = metrics.normalize(" ".join(left)).split(), metrics.normalize(" ".join(right)).split()
    longest = max(
        size
        for size in range(len(said) + 1)
        for kept in itertools.combinations(said, size)
        if _is_subsequence(kept, gold)
    )
    expected = 2 * longest / (len(said) + len(gold)) if gold else None
    assert metrics.rouge_l(" ".join(left), [" ".join(right)]) == (
        expected if expected is None else pytest.approx(expected)
    )


def _is_subsequence(kept: tuple[str, ...], of: list[str]) -> bool:
    rest = iter(of)
    return all(word in rest for word in kept)


@given(sentences, golds)
def test_answer_metrics_stay_between_0_and_1_and_do_not_mind_the_order_of_references(
    answer: str, gold: list[str]
) -> None:
    for metric in (metrics.inclusion, metrics.token_f1, metrics.token_recall, metrics.rouge_l):
        value = metric(answer, gold)
        assert value == metric(answer, gold[::-1])
        assert (value is None) == (not metrics.references(gold))
        assert value is None or 0 <= value <= 1


@given(sentences)
def test_repeating_the_reference_scores_1_everywhere(gold: str) -> None:
    expected = 1.0 if metrics.normalize(gold) else None
    for metric in (metrics.inclusion, metrics.token_f1, metrics.token_recall, metrics.rouge_l):
        assert metric(gold, [gold]) == expected


@pytest.mark.parametrize(
    ("answer", "gold", "expected"),
    [
        ("Yes, there is no doubt [1].", ["yes"], 1.0),
        ("No. Yes was said before.", ["Yes."], 0.0),
        ("Certainly.", ["yes"], 0.0),
        ("No", ["yes", "no"], 1.0),
        ("Yes", ["yes, indeed"], None),
        ("Yes", [], None),
        ("Nobody", ["no"], 0.0),
    ],
)
def test_a_yes_no_question_goes_by_the_first_yes_or_no(answer: str, gold: list[str], expected: float | None) -> None:
    assert metrics.yes_no(answer, gold) == expected


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("Fish [1][2].", "Fish."),
        ("Fish [1], frogs [2, 3] too", "Fish, frogs too"),
        ("[1]Fish[2]Frogs", " Fish Frogs"),
        ("Kept [sic] and [1.5]", "Kept [sic] and [1.5]"),
    ],
)
def test_markers_leave_no_gap_and_join_no_words(text: str, expected: str) -> None:
    assert metrics.without_markers(text) == expected


def test_marker_numbers_come_in_order_with_repeats_and_lists() -> None:
    assert metrics.marker_numbers("A [2, 1][2]. B [ 10 ; 3 ] C [x] D [1.2]") == (2, 1, 2, 10, 3)


# --- abstention --------------------------------------------------------------------------------------------------


def test_abstention_rates_of_a_table_counted_by_hand() -> None:
    answerable = [True] * 4 + [False] * 5
    abstained = [True, False, False, False, True, True, True, False, False]
    counts = metrics.count_abstentions(answerable, abstained)
    assert counts == Abstention(3, 1, 2, 3)
    assert counts.rejection_recall == pytest.approx(3 / 5)
    assert counts.over_abstention == pytest.approx(1 / 4)
    assert counts.precision == pytest.approx(3 / 4)
    assert counts.balanced_accuracy == pytest.approx((3 / 5 + 1 - 1 / 4) / 2)


def test_the_trivial_systems_have_half_balanced_accuracy_and_the_same_totals() -> None:
    counts = Abstention(3, 1, 2, 3)
    always, never = counts.if_always_answering(), counts.if_always_abstaining()
    assert always == Abstention(0, 0, 5, 4)
    assert never == Abstention(5, 4, 0, 0)
    assert always.balanced_accuracy == never.balanced_accuracy == 0.5
    assert (always.rejection_recall, always.over_abstention, always.precision) == (0.0, 0.0, None)
    assert (never.rejection_recall, never.over_abstention, never.precision) == (1.0, 1.0, 5 / 9)


def test_rates_of_nothing_are_none() -> None:
    nothing = metrics.count_abstentions([], [])
    assert nothing.rejection_recall is None
    assert nothing.over_abstention is None
    assert nothing.precision is None
    assert Abstention(1, 0, 1, 0).balanced_accuracy is None


@given(st.lists(st.tuples(st.booleans(), st.booleans()), min_size=1))
def test_abstention_rates_stay_between_0_and_1_in_any_order(rows: list[tuple[bool, bool]]) -> None:
    counts = metrics.count_abstentions(*zip(*rows, strict=True))
    assert counts == metrics.count_abstentions(*zip(*rows[::-1], strict=True))
    for rate in (counts.rejection_recall, counts.over_abstention, counts.precision, counts.balanced_accuracy):
        assert rate is None or 0 <= rate <= 1


@pytest.mark.parametrize(
    ("answerable", "abstained", "right", "expected"),
    [
        (True, False, True, 1),
        (True, False, False, -1),
        (True, True, False, 0),
        (False, True, False, 1),
        (False, False, False, -1),
        (False, False, True, -1),
    ],
)
def test_reliability_rewards_right_answers_and_right_abstentions(
    answerable: bool, abstained: bool, right: bool, expected: int
) -> None:
    assert metrics.reward(answerable, abstained, right) == expected


# --- scores ------------------------------------------------------------------------------------------------------


def test_auroc_by_hand_with_a_tie() -> None:
    # pairs: 0.9>0.5, 0.9>0.1, 0.5=0.5 (half), 0.5>0.1
    assert metrics.auroc([0.9, 0.5], [0.5, 0.1]) == pytest.approx(3.5 / 4)


@given(st.lists(coarse, min_size=1), st.lists(coarse, min_size=1))
def test_auroc_agrees_with_comparing_every_pair(positives: list[float], negatives: list[float]) -> None:
    wins = sum((p > n) + (p == n) / 2 for p in positives for n in negatives)
    assert metrics.auroc(positives, negatives) == pytest.approx(wins / (len(positives) * len(negatives)))
    assert metrics.auroc(negatives, positives) == pytest.approx(1 - wins / (len(positives) * len(negatives)))


def test_auroc_and_average_precision_need_the_classes_they_speak_of() -> None:
    assert metrics.auroc([], [0.1]) is None
    assert metrics.auroc([0.1], []) is None
    assert metrics.average_precision([0.3], [False]) is None
    assert metrics.average_precision([], []) is None


def test_average_precision_by_hand() -> None:
    # ranked + - + -: 1/2 * 1/1 + 1/2 * 2/3
    assert metrics.average_precision([0.9, 0.8, 0.7, 0.1], [True, False, True, False]) == pytest.approx(5 / 6)
    # all tied: one threshold, precision is the base rate
    assert metrics.average_precision([0.5] * 4, [True, False, False, False]) == pytest.approx(0.25)


@given(st.lists(st.tuples(coarse, st.booleans()), min_size=1))
def test_average_precision_is_bounded_and_does_not_mind_the_order(rows: list[tuple[float, bool]]) -> None:
    value = metrics.average_precision(*zip(*rows, strict=True))
    assert value == metrics.average_precision(*zip(*rows[::-1], strict=True))
    assert value is None or 0 < value <= 1


def test_balanced_accuracy_at_a_threshold_by_hand() -> None:
    scores, positive = [0.9, 0.4, 0.6, 0.1, 0.2], [True, True, False, False, False]
    assert metrics.balanced_accuracy(scores, positive, 0.5) == pytest.approx((1 / 2 + 2 / 3) / 2)
    assert metrics.balanced_accuracy(scores, positive, 0.4) == pytest.approx((1 + 2 / 3) / 2)
    assert metrics.balanced_accuracy(scores, [True] * 5, 0.5) is None


def test_the_best_threshold_lies_between_the_classes_it_separates() -> None:
    assert metrics.best_threshold([0.1, 0.2, 0.8, 0.9], [False, False, True, True]) == pytest.approx(0.5)
    assert metrics.best_threshold([0.1, 0.2], [True, True]) is None


@given(st.lists(st.tuples(coarse, st.booleans()), min_size=2))
def test_no_threshold_beats_the_best_one(rows: list[tuple[float, bool]]) -> None:
    scores, positive = zip(*rows, strict=True)
    best = metrics.best_threshold(scores, positive)
    if best is None:
        return
    reached = metrics.balanced_accuracy(scores, positive, best)
    others = [metrics.balanced_accuracy(scores, positive, at) for at in (*scores, -1.0, 2.0)]
    assert reached is not None
    assert all(other is not None and reached >= other - 1e-12 for other in others)


# --- the 80 % rule -----------------------------------------------------------------------------------------------


@pytest.mark.parametrize(("end", "hit"), [(79, False), (80, True), (100, True), (300, True)])
def test_a_gold_string_of_100_characters_is_reached_at_80_not_at_79(end: int, hit: bool) -> None:
    gold = (DocSpan("d", 0, 100),)
    assert metrics.reaches(gold, [DocSpan("d", 0, end)]) is hit


@pytest.mark.parametrize(("length", "needed"), [(1, 1), (2, 2), (3, 3), (4, 4), (5, 4), (7, 6), (10, 8), (11, 9)])
def test_80_percent_of_short_strings_is_rounded_up(length: int, needed: int) -> None:
    gold = (DocSpan("d", 50, 50 + length),)
    assert metrics.reaches(gold, [DocSpan("d", 0, 50 + needed)])
    assert not metrics.reaches(gold, [DocSpan("d", 0, 50 + needed - 1)])


def test_overlapping_spans_count_their_union_once_and_other_documents_not_at_all() -> None:
    gold = DocSpan("d", 10, 20)
    assert metrics.covered(gold, [DocSpan("d", 8, 13), DocSpan("d", 12, 14), DocSpan("d", 18, 30)]) == 6
    assert metrics.covered(gold, [DocSpan("d", 10, 18), DocSpan("d", 11, 12), DocSpan("d", 13, 16)]) == 8
    assert metrics.covered(gold, [DocSpan("e", 0, 100)]) == 0
    assert metrics.covered(gold, [DocSpan("d", 20, 30), DocSpan("d", 0, 10)]) == 0
    assert metrics.covered(gold, []) == 0


spans = st.builds(
    lambda doc, start, length: DocSpan(doc, start, start + length),
    st.sampled_from("de"),
    st.integers(0, 20),
    st.integers(0, 12),
)


@given(spans, st.lists(spans, max_size=6))
def test_coverage_agrees_with_counting_characters(gold: DocSpan, others: list[DocSpan]) -> None:
    inside = {at for other in others if other.doc_id == gold.doc_id for at in range(other.start, other.end)}
    assert metrics.covered(gold, others) == len(inside & set(range(gold.start, gold.end)))


def test_a_string_that_occurs_twice_is_reached_at_either_place() -> None:
    gold = (DocSpan("d", 0, 10), DocSpan("d", 100, 110))
    assert metrics.reaches(gold, [DocSpan("d", 99, 111)])
    assert not metrics.reaches(gold, [DocSpan("d", 5, 105)])


def test_a_string_found_nowhere_is_never_reached() -> None:
    assert not metrics.reaches((), [DocSpan("d", 0, 100)])


def test_evidence_recall_takes_groups_together_and_the_best_annotator() -> None:
    first, second, third = ((DocSpan("d", at, at + 10),) for at in (0, 50, 90))
    halves = [DocSpan("d", 0, 5), DocSpan("d", 5, 10)]
    assert metrics.evidence_recall([[first, second]], [halves]) == 0.5
    assert metrics.evidence_recall([[first, second]], [[half] for half in halves]) == 0.0
    assert metrics.evidence_recall([[first, second], [first]], [halves]) == 1.0
    assert metrics.evidence_recall([[third], []], [halves]) == 0.0
    assert metrics.evidence_recall([], [halves]) is None
    assert metrics.evidence_recall([[]], [halves]) is None
    assert metrics.evidence_recall([[first]], []) == 0.0


# --- retrieval ---------------------------------------------------------------------------------------------------


def test_retrieval_metrics_by_hand() -> None:
    gold, ranking = {"a", "b"}, ["x", "a", "a", "y", "b", "z"]
    assert metrics.document_hit(gold, ranking, 1) == 0.0
    assert metrics.document_hit(gold, ranking, 5) == 1.0
    assert metrics.document_recall(gold, ranking, 3) == 0.5
    assert metrics.document_recall(gold, ranking, 5) == 1.0
    assert metrics.reciprocal_rank(gold, ranking) == 0.5
    gained = 1 / math.log2(3) + 1 / math.log2(6)
    assert metrics.ndcg(gold, ranking) == pytest.approx(gained / (1 + 1 / math.log2(3)))


def test_what_lies_beyond_k_does_not_count() -> None:
    ranking = ["x"] * 10 + ["a"]
    assert metrics.document_hit({"a"}, ranking, 10) == 0.0
    assert metrics.reciprocal_rank({"a"}, ranking) == 0.0
    assert metrics.ndcg({"a"}, ranking) == 0.0


def test_retrieval_metrics_without_gold_are_none_and_without_hits_0() -> None:
    for metric in (
        lambda gold, ranking: metrics.document_hit(gold, ranking, 5),
        lambda gold, ranking: metrics.document_recall(gold, ranking, 5),
        metrics.reciprocal_rank,
        metrics.ndcg,
    ):
        assert metric(set(), ["a"]) is None
        assert metric({"a"}, []) == 0.0


@given(st.sets(st.sampled_from("abcdefghijklmnop"), min_size=1), st.lists(st.sampled_from("abcdefghijklmnop")))
def test_retrieval_metrics_are_bounded_and_recall_grows_with_k(gold: set[str], ranking: list[str]) -> None:
    recalls = [metrics.document_recall(gold, ranking, k) for k in (1, 5, 10)]
    assert recalls == sorted(recalls)  # type: ignore[type-var]
    for value in (*recalls, metrics.ndcg(gold, ranking), metrics.reciprocal_rank(gold, ranking)):
        assert value is not None
        assert 0 <= value <= 1 + 1e-12


@given(st.sets(st.sampled_from("abcdefghijklmnop"), min_size=1))
def test_the_gold_documents_first_is_a_perfect_ranking(gold: set[str]) -> None:
    ranking = [*sorted(gold), *(set("abcdefghijklmnop") - gold)]
    assert metrics.ndcg(gold, ranking) == pytest.approx(1.0)
    assert metrics.reciprocal_rank(gold, ranking) == 1.0


# --- ALCE --------------------------------------------------------------------------------------------------------


def entails(premise: str, hypothesis: str) -> bool:
    """A toy judge: every word of the hypothesis stands in the premise."""
    return set(hypothesis.split()) <= set(premise.split())


def test_alce_recall_asks_the_joined_citations_and_counts_bare_and_invalid_sentences_as_0() -> None:
    answer = (
        CitedSentence("a b", ("a", "b")),
        CitedSentence("a b", ("a",)),
        CitedSentence("a", ()),
        CitedSentence("a", ("a",), invalid=True),
    )
    assert metrics.alce_recall(answer, entails) == pytest.approx(1 / 4)
    assert metrics.alce_recall((), entails) is None


def test_alce_looks_at_the_first_three_citations_only() -> None:
    assert metrics.alce_recall((CitedSentence("d", ("a", "b", "c", "d")),), entails) == 0.0
    assert metrics.alce_recall((CitedSentence("c", ("a", "b", "c", "d")),), entails) == 1.0


@pytest.mark.parametrize(
    ("passages", "expected"),
    [
        (("a b",), 1.0),
        (("a",), 0.0),
        (("a", "b"), 1.0),  # neither alone entails, but without either the rest does not
        (("a b", "x"), 0.5),  # x alone does not entail and the rest does
        (("a b", "a b"), 1.0),  # each entails alone
        (("a", "b", "x"), 2 / 3),
    ],
)
def test_alce_precision_counts_out_a_citation_that_adds_nothing(passages: tuple[str, ...], expected: float) -> None:
    assert metrics.alce_precision((CitedSentence("a b", passages),), entails) == pytest.approx(expected)


def test_alce_precision_is_a_mean_over_cited_sentences_and_0_where_nothing_is_cited() -> None:
    good, bad, bare = CitedSentence("a", ("a",)), CitedSentence("a", ("x",)), CitedSentence("a", ())
    assert metrics.alce_precision((good, bad, bare), entails) == pytest.approx(1 / 2)
    assert metrics.alce_precision((bare,), entails) == 0.0
    assert metrics.alce_precision((CitedSentence("a", (), invalid=True), good), entails) == pytest.approx(1 / 2)
    assert metrics.alce_precision((), entails) is None


letters = st.lists(st.sampled_from("abc"), max_size=3).map(" ".join)


@given(st.lists(st.builds(CitedSentence, letters, st.lists(letters, max_size=4).map(tuple), st.booleans()), min_size=1))
def test_alce_scores_stay_between_0_and_1_in_any_order_of_sentences(answer: list[CitedSentence]) -> None:
    for metric in (metrics.alce_recall, metrics.alce_precision):
        value = metric(answer, entails)
        assert value is not None
        assert 0 <= value <= 1
        assert metric(answer[::-1], entails) == pytest.approx(value)


# --- doubt -------------------------------------------------------------------------------------------------------


def mean_of(values: list[float]) -> metrics.Callable[[metrics.Indices], float]:
    column = np.array(values)
    return lambda rows: float(column[rows].mean())


def test_the_bootstrap_interval_of_a_share_has_about_the_textbook_width() -> None:
    values = [1.0] * 50 + [0.0] * 50
    interval = metrics.bootstrap(mean_of(values), 100, seed=1)
    assert interval is not None
    assert interval[0] == pytest.approx(0.402, abs=0.012)
    assert interval[1] == pytest.approx(0.598, abs=0.012)


def test_the_same_seed_gives_the_same_interval_and_another_seed_another() -> None:
    values = [float(at % 7) for at in range(60)]
    first = metrics.bootstrap(mean_of(values), 60, seed=3)
    assert first == metrics.bootstrap(mean_of(values), 60, seed=3)
    assert first != metrics.bootstrap(mean_of(values), 60, seed=4)


def test_pairing_makes_a_steady_difference_certain_where_the_systems_vary() -> None:
    a = np.array([float(at % 10) for at in range(50)])
    difference = metrics.bootstrap(lambda rows: float((a + 0.1)[rows].mean() - a[rows].mean()), 50, seed=0)
    assert difference == pytest.approx((0.1, 0.1))


def test_the_bootstrap_of_nothing_or_of_what_is_never_defined_is_none() -> None:
    assert metrics.bootstrap(lambda rows: 1.0, 0, seed=0) is None
    assert metrics.bootstrap(lambda rows: None, 5, seed=0) is None


@given(st.lists(numbers, min_size=1, max_size=20), st.integers(0, 5))
def test_an_interval_of_a_mean_lies_between_the_least_and_the_greatest_value(values: list[float], seed: int) -> None:
    interval = metrics.bootstrap(mean_of(values), len(values), seed, resamples=50)
    assert interval is not None
    assert min(values) - 1e-9 <= interval[0] <= interval[1] <= max(values) + 1e-9


def test_percentiles_by_hand() -> None:
    assert metrics.percentile([1.0, 2.0, 3.0, 4.0], 50) == 2.5
    assert metrics.percentile([7.0], 95) == 7.0
    assert metrics.percentile([], 50) is None
