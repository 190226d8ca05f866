from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from assistant.kernels import PACKED, PLAIN, TILED, Kernels, Weights, kernels_for

VNNI = "CPU : AVX2 = 1 | AVX512 = 1 | AVX512_VNNI = 1 | REPACK = 1 |"
Q4_K_M, Q8_0 = 15, 7


AMX = f"{VNNI} AMX_INT8 = 1 |"


@pytest.mark.parametrize(
    ("features", "file_type", "widths", "weights", "expected"),
    [
        (VNNI, Q4_K_M, (1536, 8960), "packed", PACKED),
        (VNNI, Q4_K_M, (1536, 8960), "mapped", TILED),
        ("CPU : AVX2 = 1 |", Q4_K_M, (1536, 8960), "mapped", TILED),
        ("CPU : NEON = 1 | AVX2 = 0 |", Q4_K_M, (1536, 8960), "mapped", PLAIN),
        (VNNI, Q4_K_M, (896, 4864), "mapped", PLAIN),
        (VNNI, Q8_0, (1536, 8960), "mapped", PLAIN),
        (VNNI, -1, (1536, 8960), "mapped", PLAIN),
        (AMX, Q4_K_M, (1536, 8960), "packed", TILED),
        (AMX, Q8_0, (1536, 8960), "packed", PLAIN),
        (AMX, Q8_0, (1536, 8960), "mapped", PLAIN),
    ],
)
def test_weights_are_packed_unless_that_crashes_or_they_are_wanted_as_they_lie(
    features: str, file_type: int, widths: tuple[int, ...], weights: Weights, expected: Kernels
) -> None:
    assert kernels_for(features, file_type, widths, weights) == expected


@given(st.sampled_from([PACKED, TILED, PLAIN]), st.integers(0, 3000), st.integers(1, 150))
def test_batches_hold_every_token_and_none_is_too_small_that_need_not_be(
    kernels: Kernels, count: int, fours: int
) -> None:
    most = 4 * fours
    parts = kernels.parts(count, most)
    assert all(part % kernels.grain == 0 for part in parts[:-1])
    assert sum(parts) == count
    assert all(0 < part <= most for part in parts)
    if most >= 2 * kernels.least and count >= kernels.least:
        assert min(parts) >= kernels.least


@given(st.sampled_from([PACKED, TILED, PLAIN]), st.integers(1, 600))
def test_only_whole_grains_of_a_large_enough_batch_are_exact(kernels: Kernels, count: int) -> None:
    exact = kernels.exact(count)
    assert exact % kernels.grain == 0 and exact <= count
    assert exact == 0 if count < kernels.least else count - exact < kernels.grain
