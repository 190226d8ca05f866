"""A cross-encoder scores sentences when somebody has one; what is none says so, and what to do."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

import pytest

from assistant.assemble import Assembly
from assistant.candidates import candidates_of
from assistant.cross_encoder import CrossEncoderEntailment, CrossEncoderReranker
from assistant.errors import ModelMissing, ModelUnfit, SettingsError
from assistant.reranking import by_rank
from assistant.settings import Settings
from tests.fakes import hits

CANDIDATES = candidates_of(hits("The dam was struck. The river rose.", "Boats were new."))


def tiny_cross_encoder(folder: Path, labels: int = 1, named: Sequence[str] = ()) -> Path:
    """A BERT of one layer with random weights: it knows nothing, but is read and run like a real one."""
    torch = pytest.importorskip("torch")
    transformers = pytest.importorskip("transformers")
    pytest.importorskip("sentence_transformers")
    folder.mkdir()
    words = "[PAD] [UNK] [CLS] [SEP] [MASK] the dam was struck river rose boats were new what . ?".split()
    (folder / "vocab.txt").write_text("\n".join(words), encoding="utf-8")
    torch.manual_seed(0)
    config = transformers.BertConfig(
        vocab_size=len(words),
        hidden_size=16,
        num_hidden_layers=1,
        num_attention_heads=2,
        intermediate_size=16,
        max_position_embeddings=64,
        **({"id2label": dict(enumerate(named))} if named else {"num_labels": labels}),
    )
    transformers.BertForSequenceClassification(config).save_pretrained(folder)
    transformers.BertTokenizerFast(vocab={word: n for n, word in enumerate(words)}).save_pretrained(folder)
    return folder


def chosen(reranker: str, tmp_path: Path) -> object:
    return Assembly(Settings(data=tmp_path / "data", models=tmp_path, offline=True, reranker=reranker)).reranker


def test_a_cross_encoder_scores_each_sentence_between_0_and_1(tmp_path: Path) -> None:
    rerank = chosen(str(tiny_cross_encoder(tmp_path / "tiny")), tmp_path)
    assert isinstance(rerank, CrossEncoderReranker)
    scores = rerank("what was struck?", CANDIDATES)
    assert len(scores) == len(CANDIDATES)
    assert all(0 < score < 1 for score in scores)
    assert len(set(scores)) == len(scores)
    assert rerank("what was struck?", CANDIDATES[::-1]) == pytest.approx(scores[::-1], abs=1e-6)
    assert rerank("what was struck?", []) == []


def test_a_model_of_several_scores_is_refused(tmp_path: Path) -> None:
    rerank = CrossEncoderReranker(tiny_cross_encoder(tmp_path / "tiny", labels=3))
    with pytest.raises(ModelUnfit, match="no single score"):
        rerank("what was struck?", CANDIDATES)


def test_a_folder_without_a_model_is_reported_with_what_to_do(tmp_path: Path) -> None:
    with pytest.raises(ModelMissing, match=r"config\.json is missing.*words-and-meaning") as raised:
        chosen(str(tmp_path), tmp_path)
    assert str(tmp_path) in str(raised.value)


def test_a_broken_folder_is_reported(tmp_path: Path) -> None:
    (tmp_path / "config.json").write_text("{")
    with pytest.raises(ModelUnfit, match="cannot be loaded"):
        CrossEncoderReranker(tmp_path)("what was struck?", CANDIDATES)


def test_the_named_rerankers_are_chosen_by_name(tmp_path: Path) -> None:
    assert chosen("none", tmp_path) is by_rank


def test_an_unknown_reranker_is_refused_with_the_known_ones(tmp_path: Path) -> None:
    with pytest.raises(SettingsError, match=r"neither 'none' nor 'words-and-meaning' nor a folder"):
        chosen("words-and-meening", tmp_path)


# ---- entailment

CLAIM, PASSAGES = "the dam was struck.", ["the dam was struck.", "river rose."]


@pytest.mark.parametrize("named", [("contradiction", "ENTAILMENT", "neutral"), ("supported", "refuted"), ("LABEL_0",)])
def test_an_entailment_model_tells_a_probability(tmp_path: Path, named: tuple[str, ...]) -> None:
    entails = CrossEncoderEntailment(tiny_cross_encoder(tmp_path / "tiny", named=named))
    assert 0 < entails(PASSAGES[0], CLAIM) < 1


def test_the_probabilities_of_entailed_and_not_make_one(tmp_path: Path) -> None:
    yes, no = (
        CrossEncoderEntailment(tiny_cross_encoder(tmp_path / name, named=named))
        for name, named in (("a", ("entailment", "other")), ("b", ("other", "entailment")))
    )
    assert yes(PASSAGES[0], CLAIM) + no(PASSAGES[0], CLAIM) == pytest.approx(1.0)


def test_a_model_that_cannot_say_yes_is_refused(tmp_path: Path) -> None:
    entails = CrossEncoderEntailment(tiny_cross_encoder(tmp_path / "tiny", named=("angry", "glad")))
    with pytest.raises(ModelUnfit, match="angry, glad, none of which"):
        entails(PASSAGES[0], CLAIM)


def test_the_settings_entailment_model_has_its_say_in_the_support(tmp_path: Path) -> None:
    folder = tiny_cross_encoder(tmp_path / "tiny", named=("entailment", "other"))
    plain, helped = (
        Assembly(Settings(data=tmp_path / "data", models=tmp_path, offline=True, entailment=entailment)).verifier
        for entailment in ("", str(folder))
    )
    assert plain.entailment is None
    assert helped(CLAIM, PASSAGES) != plain(CLAIM, PASSAGES) == helped.by_words_alone()(CLAIM, PASSAGES)


def test_an_entailment_folder_without_a_model_is_reported_with_what_to_do(tmp_path: Path) -> None:
    with pytest.raises(ModelMissing, match=r"config\.json is missing.*setting entailment"):
        CrossEncoderEntailment(tmp_path)
