from __future__ import annotations

from dataclasses import replace

from assistant.followups import WANTED, follow_ups, suggestions
from assistant.types import Answer
from index.types import Hit
from tests.assistant.ui.fake_service import DAM, SITUATION, FakeAnswers, dam_answer, situation_answer

EVIDENCE = FakeAnswers().evidence()
ANSWER = situation_answer(SITUATION, EVIDENCE)


def everything(text: str) -> tuple[Hit, ...]:
    return tuple(piece.hit for piece in EVIDENCE)


def test_questions_come_from_names_and_titles_the_question_does_not_hold() -> None:
    texts = [suggestion.text for suggestion in suggestions(ANSWER)]
    assert "What did George Barros say?" in texts
    assert any(text.startswith("What is said about “Dam of the") for text in texts)
    assert not any("about Kurakhove?" in text for text in texts) and len(texts) == len(set(texts))


def test_only_what_a_search_leads_back_to_is_offered() -> None:
    assert len(follow_ups(ANSWER, everything)) == WANTED
    assert follow_ups(ANSWER, lambda text: ()) == ()
    dam = next(piece.hit for piece in EVIDENCE if piece.hit.article.id == "dam")
    homes = {suggestion.text: suggestion.article_id for suggestion in suggestions(ANSWER)}
    assert {homes[text] for text in follow_ups(ANSWER, lambda text: (dam,))} == {"dam"}


def test_a_name_that_was_asked_about_is_not_suggested_again() -> None:
    asked = dam_answer("What did Vadym Filashkin say about the dam?", EVIDENCE)
    assert not any("Filashkin" in suggestion.text for suggestion in suggestions(asked))
    assert any("Filashkin" in suggestion.text for suggestion in suggestions(dam_answer(DAM, EVIDENCE)))


def test_names_of_articles_in_other_languages_make_no_english_question() -> None:
    info = replace(EVIDENCE[0].hit.article, language="de", title="Ein Titel")
    german = replace(EVIDENCE[0], hit=replace(EVIDENCE[0].hit, article=info))
    assert [s.text for s in suggestions(replace(ANSWER, evidence=(german,)))] == ["What is said about “Ein Titel”?"]


def test_without_evidence_there_is_nothing_to_suggest() -> None:
    nothing: Answer = replace(ANSWER, evidence=(), nearest=())
    assert follow_ups(nothing, everything) == ()
