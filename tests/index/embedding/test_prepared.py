"""The fast model's file: made once, never believed unread, and refused where it would depart from the exact one."""

from __future__ import annotations

import logging
from collections.abc import Sequence
from pathlib import Path

import numpy as np
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from safetensors.numpy import save_file

from index.embedding.bert import Unsupported, read_encoder
from index.embedding.prepared import FORMAT, FORMER, prepared
from tests.index.embedding.tiny import INNER, LAYERS, TEXTS, make_folder, weights


class Samples:
    """Counts how often a model was made: each time it needs the texts once."""

    def __init__(self) -> None:
        self.taken = 0

    def __call__(self) -> Sequence[str]:
        self.taken += 1
        return TEXTS


def get(folder: Path, place: Path, samples: Samples) -> bytes:
    return prepared(folder, read_encoder(folder), place, samples, 1, lambda *_: None)


def test_a_model_is_made_once(tmp_path: Path) -> None:
    folder, place, samples = make_folder(tmp_path / "model"), tmp_path / "kept" / "made", Samples()
    first = get(folder, place, samples)
    assert get(folder, place, samples) == first
    assert samples.taken == 1
    assert sorted(path.name for path in place.parent.iterdir() if path.suffix != ".lock") == ["made"]


def test_a_leftover_of_a_killed_process_is_no_hindrance(tmp_path: Path) -> None:
    folder, place, samples = make_folder(tmp_path / "model"), tmp_path / "made", Samples()
    place.with_name("made.part").write_bytes(b"half")
    assert get(folder, place, samples) == get(folder, place, samples)


@settings(max_examples=20, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(data=st.data())
def test_a_damaged_file_is_told_and_made_anew(
    data: st.DataObject, tmp_path_factory: pytest.TempPathFactory, caplog: pytest.LogCaptureFixture
) -> None:
    where, samples = tmp_path_factory.mktemp("damaged"), Samples()
    folder, place = make_folder(where / "model"), where / "made"
    whole = get(folder, place, samples)
    content = bytearray(place.read_bytes())
    at = data.draw(st.integers(0, len(content) - 1))
    if data.draw(st.booleans()):
        del content[at:]
    else:
        content[at] ^= 1 << data.draw(st.integers(0, 7))
    place.write_bytes(content)
    caplog.clear()
    with caplog.at_level(logging.WARNING):
        assert get(folder, place, samples) == whole  # a header's changed cosine alone is no damage to the model
    assert get(folder, place, samples) == whole
    assert samples.taken == (2 if caplog.records else 1)


def test_a_file_of_an_earlier_quoth_is_no_damage_and_made_anew(
    tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    folder, place, samples = make_folder(tmp_path / "model"), tmp_path / "made", Samples()
    whole = get(folder, place, samples)
    now = place.read_bytes()
    place.write_bytes(now.replace(FORMAT.encode(), FORMER.encode(), 1))
    with caplog.at_level(logging.WARNING):
        assert get(folder, place, samples) == whole
    assert (samples.taken, place.read_bytes(), caplog.records) == (2, now, [])


def test_a_place_that_cannot_be_written_costs_time_and_nothing_else(
    tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    folder, samples = make_folder(tmp_path / "model"), Samples()
    (tmp_path / "file").write_text("in the way")
    assert get(folder, tmp_path / "file" / "made", samples) == get(folder, tmp_path / "made", Samples())
    assert "cannot be kept" in caplog.text


def test_a_model_that_loses_too_much_is_refused(tmp_path: Path) -> None:
    """More inner values than can be evened out are so great that the others vanish beside them, and count nothing."""
    folder, place, lossy = make_folder(tmp_path / "model"), tmp_path / "made", weights()
    for layer in range(LAYERS):
        lossy[f"encoder.layer.{layer}.intermediate.dense.bias"][: INNER - 4] = 1e5
        lossy[f"encoder.layer.{layer}.output.dense.weight"][:, : INNER - 4] = 0
    save_file(lossy, folder / "model.safetensors")
    with pytest.raises(Unsupported, match=r"loses too much.*embedder_runtime"):
        get(folder, place, Samples())
    assert not place.exists()


def test_weights_that_are_no_numbers_are_refused(tmp_path: Path) -> None:
    folder, broken = make_folder(tmp_path / "model"), weights()
    broken["encoder.layer.1.output.dense.weight"][0, 0] = np.nan
    save_file(broken, folder / "model.safetensors")
    with pytest.raises(Unsupported, match="not finite"):
        get(folder, tmp_path / "made", Samples())


def test_weights_that_do_not_fit_the_folder_are_refused(tmp_path: Path) -> None:
    folder = make_folder(tmp_path / "model")
    save_file({"embeddings.word_embeddings.weight": np.zeros((4, 4), np.float32)}, folder / "model.safetensors")
    with pytest.raises(Unsupported, match="do not fit"):
        get(folder, tmp_path / "made", Samples())
