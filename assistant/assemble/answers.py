"""What answers a question: search, selection, prompts, checks and the threshold of abstaining.

Knows which implementation each step has, and where its fitted weights are.
"""

from __future__ import annotations

import json
import time
from collections.abc import Sequence
from datetime import date
from functools import cached_property
from pathlib import Path
from typing import TYPE_CHECKING

from assistant.abstaining import FittedAbstainer
from assistant.answering import Assistant, Policy
from assistant.assemble.models import PACKAGE
from assistant.assemble.stores import Stores
from assistant.citing import Attributor
from assistant.duplicates import fold
from assistant.errors import SettingsError
from assistant.evidence import Reranker, SentenceSelector
from assistant.given import GivenPassages, Passage
from assistant.kinds import asks_whether
from assistant.machine import version
from assistant.memory import memory_available
from assistant.orders import without_orders
from assistant.prompting import Composer, Templates
from assistant.reranking import WordsAndMeaning, by_rank
from assistant.resuming import Resuming, from_anew
from assistant.settings import Settings, Strictness
from assistant.similarity import CachedSimilarity
from assistant.verifying import Entailment, FittedVerifier, Logistic, Thresholds
from index.approximate import HnswIndex
from index.current import BySize
from index.parts import parts_of
from index.search import Index
from index.store import Store
from index.vectors import FaissIndex

if TYPE_CHECKING:
    from assistant.candidates import Candidate

VERIFYING, ABSTAINING, QUOTING = (PACKAGE / f"{name}.json" for name in ("verifying", "abstaining", "quoting"))


class Answers(Stores):
    """Assistants over the stored index, or any other."""

    @cached_property
    def index(self) -> Index:
        """The stored index. Raises IndexMissing, with what to do, when there is nothing in it."""
        index = Index(self.stored, self.embedder, self._by_size())
        index.require_articles()
        return index

    def _by_size(self) -> BySize:
        """Exact search while it is quick and takes at most a quarter of the memory there is."""
        memory = memory_available()
        return BySize(FaissIndex, HnswIndex, exact_bytes=memory // 4 if memory else None)

    @cached_property
    def similarity(self) -> CachedSimilarity:
        return CachedSimilarity(lambda texts: self.embedder.embed_documents(texts))

    @cached_property
    def reranker(self) -> Reranker:
        """What scores the sentences found. Raises SettingsError or ModelMissing, which name the choice."""
        named: dict[str, Reranker] = {"none": by_rank, "words-and-meaning": WordsAndMeaning(self.similarity)}
        chosen = self.settings.reranker
        if chosen in named:
            return named[chosen]
        if not (folder := Path(chosen).expanduser()).is_dir():
            raise SettingsError(
                f'the setting reranker = "{chosen}" is neither {" nor ".join(map(repr, named))} nor a folder; '
                "name one of these, or the folder of a sentence-transformers cross-encoder"
            )
        from assistant.cross_encoder import CrossEncoderReranker

        return CrossEncoderReranker(folder)

    def selector(self, budget_tokens: int) -> SentenceSelector:
        """Chooses evidence of at most so many tokens."""
        count, passages = self.generator.count_tokens, self.settings.evidence_passages
        return SentenceSelector(self.reranker, _worth_reading, parts_of, count, budget_tokens, passages)

    @cached_property
    def verifier(self) -> FittedVerifier:
        calibration = VERIFYING
        return FittedVerifier(
            Logistic.read(calibration, "with_logit"),
            Logistic.read(calibration, "without_logit"),
            Thresholds.read(calibration),
            self.entailment,
        )

    @cached_property
    def entailment(self) -> Entailment | None:
        """The settings' entailment model, None where there is none. Raises ModelMissing, with what to do."""
        if not self.settings.entailment:
            return None
        from assistant.cross_encoder import CrossEncoderEntailment

        return CrossEncoderEntailment(Path(self.settings.entailment).expanduser())

    def _composer(self, settings: Settings) -> Composer:
        return Composer(
            Templates.read(PACKAGE.parent / "prompts"),
            self.generator.count_prompt,
            self.generator.context_size,
            settings.answer_tokens,
        )

    @cached_property
    def assistant(self) -> Assistant:
        """Answers over the stored index. The weights are read while the embedder is made and the index opened."""
        if not self.stored.is_empty():
            self._begin_generator()
        return self.assistant_over(self.index)

    def assistant_over(self, index: Index, settings: Settings | None = None) -> Assistant:
        """Answers over another index, or with other settings of answering, with the same models."""
        chosen, thresholds = settings or self.settings, self.verifier.thresholds
        graded = "with_logit" if self.generator.capabilities.yes_no else "without_logit"
        return Assistant(
            retriever=index,
            selector=self.selector(chosen.evidence_tokens),
            composer=self._composer(chosen),
            generator=self.generator,
            attributor=Attributor(self.verifier.by_words_alone(), floor=thresholds.partial),
            verifier=self.verifier,
            similarity=self.similarity,
            abstainer=FittedAbstainer(
                with_logit=Logistic.read(ABSTAINING, "with_logit"),
                of_sentences=Logistic.read(QUOTING, "of_sentences"),
                without_logit=Logistic.read(ABSTAINING, "without_logit"),
            ),
            policy=Policy(
                threshold=_threshold(ABSTAINING, graded, chosen.strictness),
                quoting_threshold=_threshold(QUOTING, "of_sentences", chosen.strictness),
                quotes=_whatever if chosen.answers == "quoted" else asks_whether,
                candidates=chosen.candidates,
                question_words=chosen.question_words,
                thresholds=thresholds,
                settings_digest=chosen.digest(),
                version=version(),
            ),
            clock=time.perf_counter,
            today=date.today,
            resume=Resuming(self.selector(chosen.evidence_tokens)) if chosen.resume_evidence else from_anew,
        )

    def index_of(self, passages: Sequence[Passage]) -> Index:
        """An index in memory of passages given with a question. Raises SettingsError when there is none."""
        if not passages:
            raise SettingsError("`passages` is empty; give at least one {title, text} or leave it out")
        store = self._kept(Store.open(None))
        self._ingester(store).add(GivenPassages(passages))
        return Index(store, self.embedder)

    def assistant_for(self, passages: Sequence[Passage] | None) -> Assistant:
        """Answers over the given passages alone, or over the stored index for None."""
        return self.assistant if passages is None else self.assistant_over(self.index_of(passages))


def _whatever(question: str) -> bool:
    return True


def _threshold(calibration: Path, model: str, strictness: Strictness) -> float:
    """The least probability that the sources answer, of what a fitted model tells."""
    if strictness == "off":
        return 0.0
    return float(json.loads(calibration.read_text(encoding="utf-8"))["thresholds"][model][strictness])


def _worth_reading(candidates: Sequence[Candidate]) -> Sequence[Candidate]:
    return fold(without_orders(candidates))
