"""What measures answers: the evaluation's runs, over an index of their own for each dataset, and the naive pipeline."""

from __future__ import annotations

import threading
import time
from collections.abc import Mapping, Sequence
from dataclasses import replace
from datetime import date
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Any

from assistant.assemble.answers import Answers
from assistant.errors import AssistantError, SettingsError
from assistant.generation import complete
from assistant.machine import describe, version
from assistant.timely import Timing, find
from assistant.types import Evidence, Question
from assistant.when import when_of
from index.search import Index
from index.store import Store
from index.types import Hit

if TYPE_CHECKING:
    from assistant.evaluation.datasets import Dataset
    from assistant.evaluation.journal import Json
    from assistant.evaluation.judging import PairJudge
    from assistant.evaluation.naive import NaivePipeline
    from assistant.evaluation.run import Judge, Plan
    from assistant.live import CountProgress

PRIVATE = {"data", "models", "endpoint_key", "user", "password"}
"""Settings that name a person's folders or secrets: no report carries them."""


class Evaluations(Answers):
    """Runs of the evaluation with the parts in force."""

    def judge(self, named: str, remembered: Path) -> Judge:
        """The generator in other words for "model", else the entailment model in a folder that is not the gate's."""
        from assistant.evaluation.judges import ByEntailment, InOtherWords
        from assistant.evaluation.judging import RememberedOdds
        from assistant.evaluation.run import Judge

        if named == "model":
            remembered.parent.mkdir(parents=True, exist_ok=True)
            grader = RememberedOdds(self.generator, remembered)
            by_model = InOtherWords(grader, self._composer(self.settings), self.generator.count_tokens)
            return Judge(by_model.name, by_model)
        folder = Path(named).expanduser()
        if self.settings.entailment and folder.absolute() == Path(self.settings.entailment).expanduser().absolute():
            raise SettingsError(f"{named} checks answers already (the setting entailment); name another judge")
        from assistant.cross_encoder import CrossEncoderEntailment

        return Judge(folder.absolute().name, ByEntailment(CrossEncoderEntailment(folder)))

    def evaluate(
        self,
        folder: Path,
        out: Path,
        plan: Plan,
        *,
        retrieval_only: bool,
        progress: CountProgress,
        fresh: bool,
        naive: bool = False,
        judge: str = "",
        judge_on: Sequence[Path] = (),
    ) -> Json:
        """Score answers, or with `retrieval_only` passages, on a dataset folder; see `evaluation.run.run_dataset`.

        `judge` names who judges the citations, `judge_on` the folders of labelled pairs it is itself measured on.
        """
        from assistant.evaluation.datasets import read_dataset, read_pairs
        from assistant.evaluation.judges import accuracies, told
        from assistant.evaluation.run import System, run_dataset

        dataset = read_dataset(folder)
        index, indexing = self.evaluation_index(dataset)
        ask = None if retrieval_only else self.naive_over(index).ask if naive else self.assistant_over(index).ask
        about = {"settings": self.settings.model_dump(mode="json", exclude=PRIVATE), "indexing": indexing}
        if judge:
            chosen = self.judge(judge, out.parent / "odds.jsonl")
            plan = replace(plan, judge=chosen)
            about["judge"] = told(accuracies(chosen.entails, [read_pairs(pairs) for pairs in judge_on], plan.seed))
        return run_dataset(
            dataset,
            index,
            System(partial(self._hits, index), ask),
            out,
            plan,
            clock=time.perf_counter,
            about=lambda: describe() | about,
            progress=progress,
            fresh=fresh,
        )

    def mine(self, folder: Path, limit: int, seed: int) -> Mapping[str, int]:
        """Make a dataset folder of questions about the stored articles; how many were thrown away, by reason."""
        from assistant.evaluation.mining import mine

        composer = self._composer(self.settings)

        def write(title: str, passage: str, sentence: str) -> str:
            return complete(self.generator.generate(composer.mine(title, passage, sentence), threading.Event())).text

        mined = mine(self.stored_articles(), write, limit, seed)
        if not mined.questions:
            raise AssistantError(
                f"no question could be made from the {len(mined.corpus)} articles in {self.settings.data}; "
                "add articles of whole sentences with `quoth add PATH…`"
            )
        mined.write(folder)
        return mined.dropped

    def _hits(self, index: Index, question: Question) -> tuple[Hit, ...]:
        """What `Assistant` finds for a question that stands alone."""
        when = when_of(question.text, question.as_of or date.today())
        k, timing = self.settings.candidates, Timing()
        return find(index.retrieve, question.text, k, question.filters, when, question.as_of, timing).hits

    def naive_over(self, index: Index) -> NaivePipeline:
        """What Quoth is measured against: the same index and model, the usual way."""
        from assistant.evaluation.naive import NaivePipeline

        composer = self._composer(self.settings)
        naive = composer.templates.naive
        composer = replace(composer, templates=replace(composer.templates, answer=naive, overview=naive))
        return NaivePipeline(index, composer, self.generator, time.perf_counter, self.settings.digest(), version())

    def measure_budgets(
        self, folder: Path, out: Path, plan: Plan, budgets: Sequence[int], *, retrieval_only: bool, **options: Any
    ) -> Json:
        """Evidence, and unless `retrieval_only` answers, at each token budget; see `evaluation.budgets`."""
        from assistant.evaluation.budgets import Measured, Showing, measure_budgets
        from assistant.evaluation.datasets import read_dataset

        dataset = read_dataset(folder)
        index, _took = self.evaluation_index(dataset)
        assistant = self.assistant_over(index)

        def showing(budget: int) -> Showing:
            selector = self.selector(budget)
            return Showing(selector, None if retrieval_only else replace(assistant, selector=selector).ask)

        def tokens(piece: Evidence) -> int:
            article = piece.hit.article
            return (
                self.generator.count_tokens(f"{article.title} {article.published or 'date unknown'} {piece.text}") + 8
            )

        measured = Measured(partial(self._hits, index), {budget: showing(budget) for budget in budgets}, tokens)
        return measure_budgets(dataset, index, measured, out, plan, **options)

    def evaluation_index(self, dataset: Dataset) -> tuple[Index, Json]:
        """A dataset's corpus in an index of its own under the data folder, kept for the next run, and what it took."""
        from assistant.evaluation.datasets import CorpusSource, index_key

        key = index_key(dataset, (self.embedder.name, type(self.embedder).__name__, str(self.chunking)))
        store = self._kept(Store.open(self.settings.data / "evaluation" / key))
        report = self._ingester(store).add(CorpusSource(dataset.documents))
        took = {"chunks": report.chunks, "embedded": report.embedded, "seconds": round(report.seconds, 1)}
        return Index(store, self.embedder), took

    def verify_pairs(self, folder: Path, out: Path, **options: Any) -> Json:
        """Score the verifier on a folder of labelled pairs; see `evaluation.verification.verify_pairs`."""
        from assistant.evaluation.datasets import read_pairs
        from assistant.evaluation.verification import verify_pairs

        return verify_pairs(
            read_pairs(folder),
            self.pair_judge(out.parent / "odds.jsonl"),
            out,
            name=f"fitted {self.verifier.graded.digest()} {self.verifier.words.digest()}",
            clock=time.perf_counter,
            about=describe,
            **options,
        )

    def pair_judge(self, remembered: Path, ask: bool = True) -> PairJudge:
        """Judges claims as answers are judged; what the generator says is kept in the file `remembered`.

        With `ask` False nobody asks it for what is not kept there.
        """
        from assistant.evaluation.judging import PairJudge, RememberedOdds

        remembered.parent.mkdir(parents=True, exist_ok=True)
        grader = RememberedOdds(self.generator, remembered, ask)
        return PairJudge(self.verifier, grader, self._composer(self.settings), self.generator.count_tokens)
