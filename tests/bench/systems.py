"""What is measured: systems that answer questions, each in a process of its own that reads and writes lines.

Knows how to start one, ask it and end it, and what to tell when it breaks. Knows no scenario and no statistics. A
process each, so that memory and processor time are its own and two versions of one package can be compared.
"""

from __future__ import annotations

import hashlib
import json
import os
import subprocess
import sys
import tempfile
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

Json = dict[str, Any]
HERE = Path(__file__).parent
CHECKOUT = HERE.parents[1]
WORKER = HERE / "worker.py"


class BenchError(Exception):
    """The measurement cannot go on; the message says why and what to do."""


@dataclass(frozen=True, slots=True)
class System:
    """Something that answers. `settings` are Quoth's; `checkout` the folder whose code runs; `command` what serves it.

    `variables` are of the environment, beside the settings. Systems of another make have a `command` and no `pipeline`.
    """

    name: str
    pipeline: str = "quoth"
    settings: tuple[tuple[str, str], ...] = ()
    checkout: Path = CHECKOUT
    command: tuple[str, ...] = ()
    variables: tuple[tuple[str, str], ...] = ()

    @property
    def is_quoth(self) -> bool:
        """Whether the `quoth` command can be run for it."""
        return not self.command and self.pipeline == "quoth"

    def data(self, root: Path, corpus: str) -> Path:
        """Its index's folder: another for another corpus, for other settings and for other code."""
        made_by = json.dumps([corpus, sorted(self.settings), str(self.checkout)])
        return root / hashlib.sha256(made_by.encode()).hexdigest()[:16]

    def environment(self, data: Path) -> dict[str, str]:
        """The variables under which its code and settings are the ones meant."""
        chosen = {**dict(self.variables), **{f"QUOTH_{name.upper()}": value for name, value in self.settings}}
        return {
            **os.environ,
            **dict(self.variables),
            **chosen,
            "QUOTH_DATA": str(data),
            "PYTHONPATH": str(self.checkout),
        }


def parse_system(name: str, given: Sequence[str]) -> System:
    """A system from `key=value` words: a setting of Quoth's, or `pipeline=naive`, or `checkout=FOLDER`."""
    values = dict(word.partition("=")[::2] for word in given)
    if wrong := [word for word in given if "=" not in word]:
        raise BenchError(f"{wrong[0]!r} is no key=value; write it like evidence_tokens=200 or checkout=../older")
    checkout = Path(values.pop("checkout", CHECKOUT)).resolve()
    if not (checkout / "assistant").is_dir():
        raise BenchError(
            f"{checkout} is no checkout of Quoth: it has no folder `assistant`; `git worktree add` makes one"
        )
    return System(name, values.pop("pipeline", "quoth"), tuple(values.items()), checkout)


class Child:
    """A running system. A context manager: leaving it ends the process."""

    def __init__(self, system: System, command: Sequence[str], environment: Mapping[str, str]) -> None:
        self.system = system
        self._complaints = tempfile.TemporaryFile("w+")  # noqa: SIM115 (as long as the process)
        self._process = subprocess.Popen(
            command,
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=self._complaints,
            env=dict(environment),
            text=True,
        )
        self.ready: Json = self._read()["ready"]

    def ask(self, question: str, history: Sequence[tuple[str, str]] = ()) -> Json:
        """What came of a question: see `worker.told`. With `error` alone where it could not be answered."""
        assert self._process.stdin is not None
        print(json.dumps({"question": question, "history": list(history)}), file=self._process.stdin, flush=True)
        return self._read()

    def _read(self) -> Json:
        assert self._process.stdout is not None
        if line := self._process.stdout.readline():
            answer: Json = json.loads(line)
            return answer
        self._complaints.seek(0)
        raise BenchError(f"{self.system.name} ended; the last it said:\n{self._complaints.read()[-2000:]}")

    def __enter__(self) -> Child:
        return self

    def __exit__(self, *_: object) -> None:
        self._process.terminate()
        self._process.wait()
        self._complaints.close()


def start(system: System, folder: Path, root: Path, corpus: str) -> Child:
    """The process of a system over a dataset folder; it has indexed the corpus when this returns."""
    data = system.data(root, corpus)
    command = system.command or (
        sys.executable,
        "-P",
        str(WORKER),
        json.dumps({"folder": str(folder), "pipeline": system.pipeline}),
    )
    return Child(system, command, system.environment(data))
