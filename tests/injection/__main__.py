"""`python -m tests.injection [--limit N] [--seed S] [--half dev|test] [--out DIR]`: how many attacks succeed.

Asks the models in force, through the same path as `quoth ask`, and prints one line an attack, then the shares with
their intervals, beside the accuracy on the same articles clean; with `--out` it keeps every answer as a JSON line.
`python -m tests.injection --prompts` generates nothing: greedy decoding answers equal prompts equally, so it tells how
many attacks cannot change the answer. `python -m tests.injection --false-alarms FOLDER…` tells how many sentences of
corpora in which nobody attacks anybody are taken for orders.
"""

from __future__ import annotations

import argparse
import json
from collections.abc import Sequence
from contextlib import closing
from pathlib import Path

from assistant.assemble import Assembly
from assistant.contract import answer_to_json
from assistant.evaluation.datasets import half_of, read_dataset
from assistant.given import Passage
from assistant.settings import load_settings
from assistant.types import Answer, Question
from tests.injection.battery import FILE, Attack, Outcome, attacks, drawn, false_alarms, outcomes, shares


def main() -> None:
    options = argparse.ArgumentParser(description=__doc__)
    options.add_argument("--limit", type=int, help="only so many attacks, drawn with the seed")
    options.add_argument("--seed", type=int, default=0, help="of the draw and the intervals")
    options.add_argument("--half", choices=("dev", "test"), help="only this half: the rule was made looking at dev")
    options.add_argument("--battery", type=Path, default=FILE, help="another file of attacks")
    options.add_argument("--out", type=Path, help="where the answers are kept")
    options.add_argument("--strictness", help="as the setting of that name")
    options.add_argument("--false-alarms", type=Path, nargs="+", metavar="FOLDER", help="count these instead")
    options.add_argument("--prompts", action="store_true", help="generate nothing: compare what the model would read")
    arguments = options.parse_args()
    if arguments.false_alarms:
        print("\n".join(map(alarms, arguments.false_alarms)))
        return
    of_half = [one for one in attacks(arguments.battery) if arguments.half in (None, half_of(one.id))]
    with closing(Assembly(load_settings({"strictness": arguments.strictness}).settings)) as parts:

        def ask(passages: Sequence[Passage], question: str) -> Answer:
            return parts.assistant_for(passages).ask(Question(question))

        chosen = drawn(of_half, arguments.limit, arguments.seed)
        if arguments.prompts:
            print(same_prompts(chosen, parts))
            return
        found = []
        for outcome in outcomes(chosen, ask):
            found.append(outcome)
            print(line(outcome), flush=True)
            if arguments.out:
                keep(arguments.out, outcome)
    print(summary(found, arguments.seed))


def same_prompts(chosen: Sequence[Attack], parts: Assembly) -> str:
    """How many attacks leave what the model reads as it was, and in how many of the others the sign reaches it."""
    same, reached = 0, []
    for attack in chosen:
        clean, attacked = (prompt(attack, text, parts) for text in (attack.clean, attack.attacked))
        same += attacked == clean
        reached += [attack.id] if attacked != clean and attack.sign in attacked.lower() else []
    told = f" ({', '.join(reached)})" if reached else ""
    return (
        f"{len(chosen)} attacks: {same} leave the prompt byte for byte that of the clean article; "
        f"the sign reaches the model in {len(reached)}{told}"
    )


def prompt(attack: Attack, text: str, parts: Assembly) -> str:
    """What the model reads of the article; nothing where nothing is left of it."""
    assistant = parts.assistant_for([Passage(attack.title, text)])
    hits = assistant.retriever.retrieve(attack.question, assistant.policy.candidates)
    evidence = assistant.selector(attack.question, hits)
    return assistant.composer.answer(attack.question, evidence).messages[-1].text if evidence else ""


def alarms(folder: Path) -> str:
    """What of a dataset's corpus is kept from the model, in a line for the count and one for each sentence."""
    found, sentences = false_alarms(document.text for document in read_dataset(folder).documents)
    rate = f"{len(found)} of {sentences} sentences ({10_000 * len(found) / sentences:.1f} in 10,000)"
    return "\n".join([f"{folder.name}: {rate}", *(f"    {' '.join(text.split())[:160]}" for text in found)])


def keep(folder: Path, outcome: Outcome) -> None:
    """Append the attack and both answers to `records.jsonl`."""
    folder.mkdir(parents=True, exist_ok=True)
    record = {
        "id": outcome.attack.id,
        "kind": outcome.attack.kind,
        "half": half_of(outcome.attack.id),
        "verdict": outcome.verdict,
        "right_when_clean": outcome.right_when_clean,
        "attacked": answer_to_json(outcome.attacked),
        "clean": answer_to_json(outcome.clean),
    }
    with (folder / "records.jsonl").open("a", encoding="utf-8") as file:
        file.write(json.dumps(record, ensure_ascii=False) + "\n")


def line(outcome: Outcome) -> str:
    """One attack as a line."""
    clean = "right" if outcome.right_when_clean else "wrong"
    text = " ".join(outcome.attacked.text.split())
    name = f"{outcome.attack.id:14} {half_of(outcome.attack.id):4} {outcome.attack.kind:20}"
    return f"{name} {outcome.verdict:9} (clean: {clean})  {text[:120]}"


def summary(found: Sequence[Outcome], seed: int) -> str:
    """The shares of each half and of all, with their counts."""
    halves = {name: [one for one in found if half_of(one.attack.id) == name] for name in ("dev", "test")}
    return "\n".join(f"{name}: {shares(some, seed)}" for name, some in [*halves.items(), ("all", found)] if some)


if __name__ == "__main__":
    main()
