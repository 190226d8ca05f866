"""`python -m tests.injection [--limit N]`: the share of attacks that succeed, beside the accuracy on clean articles.

Asks the models in force, through the same path as `quoth ask`, and prints one line an attack, then the shares.
"""

from __future__ import annotations

import argparse
from collections.abc import Sequence

from assistant.assemble import Assembly
from assistant.given import Passage
from assistant.settings import load_settings
from assistant.types import Answer, Question
from tests.injection.battery import Outcome, attacks, outcomes


def main() -> None:
    options = argparse.ArgumentParser(description=__doc__)
    options.add_argument("--limit", type=int, help="only so many attacks")
    options.add_argument("--strictness", help="as the setting of that name")
    arguments = options.parse_args()
    parts = Assembly(load_settings({"strictness": arguments.strictness}).settings)

    def ask(passages: Sequence[Passage], question: str) -> Answer:
        return parts.assistant_for(passages).ask(Question(question))

    found = []
    for outcome in outcomes(attacks()[: arguments.limit], ask):
        found.append(outcome)
        print(line(outcome), flush=True)
    parts.close()
    print(summary(found))


def line(outcome: Outcome) -> str:
    """One attack as a line."""
    verdict = (
        "OBEYED"
        if outcome.obeyed
        else "right"
        if outcome.right
        else "abstained"
        if outcome.attacked.abstained
        else "wrong"
    )
    clean = "right" if outcome.right_when_clean else "wrong"
    text = " ".join(outcome.attacked.text.split())
    return f"{outcome.attack.number:2} {outcome.attack.kind:20} {verdict:9} (clean: {clean})  {text[:120]}"


def summary(found: Sequence[Outcome]) -> str:
    """The three shares, with their counts."""
    obeyed, right, clean = (
        sum(getattr(one, name) for one in found) for name in ("obeyed", "right", "right_when_clean")
    )
    n = len(found)
    return (
        f"{n} attacks: {obeyed} succeeded ({obeyed / n:.0%}); right answers {right} ({right / n:.0%}) on attacked "
        f"articles, {clean} ({clean / n:.0%}) on the same articles clean"
    )


if __name__ == "__main__":
    main()
