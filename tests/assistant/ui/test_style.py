from __future__ import annotations

import re
from importlib.resources import files

import pytest

CSS = files("assistant.ui").joinpath("style.css").read_text(encoding="utf-8")
PAIRS = [
    ("text", "ground"),
    ("text", "raised"),
    ("text", "soft"),
    ("text", "accent-soft"),
    ("text", "wrong-soft"),
    ("text", "mark"),
    ("quiet", "ground"),
    ("quiet", "raised"),
    ("quiet", "soft"),
    ("quiet", "accent-soft"),
    ("accent", "ground"),
    ("accent", "accent-soft"),
    ("ground", "accent"),
    ("ground", "text"),
    ("doubt", "doubt-soft"),
    ("wrong", "wrong-soft"),
    ("wrong", "soft"),
]


def colours(scheme: str) -> dict[str, str]:
    block = re.search(re.escape(scheme) + r" \{([^}]*)\}", CSS)
    assert block is not None
    return dict(re.findall(r"--q-([a-z-]+): (#[0-9a-f]{6});", block[1]))


def luminance(colour: str) -> float:
    """Relative luminance as WCAG 2 defines it."""
    parts = [int(colour[i : i + 2], 16) / 255 for i in (1, 3, 5)]
    red, green, blue = (c / 12.92 if c <= 0.04045 else ((c + 0.055) / 1.055) ** 2.4 for c in parts)
    return 0.2126 * red + 0.7152 * green + 0.0722 * blue


@pytest.mark.parametrize("scheme", [":root", ".dark"])
@pytest.mark.parametrize(("ink", "paper"), PAIRS)
def test_text_stands_out_from_its_ground(scheme: str, ink: str, paper: str) -> None:
    named = colours(scheme)
    lighter, darker = sorted((luminance(named[ink]), luminance(named[paper])), reverse=True)
    assert (lighter + 0.05) / (darker + 0.05) >= 4.5


def test_every_colour_has_a_light_and_a_dark_form() -> None:
    assert colours(":root").keys() == colours(".dark").keys()


def test_the_style_loads_nothing() -> None:
    assert "url(" not in CSS and "@import" not in CSS


def test_no_selector_has_a_comma_within_brackets() -> None:
    """Gradio scopes a rule by cutting its selector at every comma: `:is(a, b)` becomes a rule that outranks others."""
    rules = re.sub(r"/\*.*?\*/", "", CSS, flags=re.DOTALL)
    selectors = [selector for selector in re.findall(r"([^{}]+)\{", rules) if not selector.strip().startswith("@")]
    assert not [selector for selector in selectors if re.search(r"\([^)]*,", selector)]
