"""The naive pipeline, measured beside Quoth: what most tools of this kind do.

The five best chunks whole, one prompt that asks to answer or to say that the sources do not, and citations wherever the
model put a marker, checked by nobody. The same model, index and sentence splitting, so that only the method differs.
"""

from __future__ import annotations

import re
import threading
from collections.abc import Callable
from dataclasses import dataclass

from assistant.answering import Retriever
from assistant.citing import CitedSentence, Quote, Sentence, find_markers, show, unresolved, whole_sentences
from assistant.evidence import whole_chunks
from assistant.generation import Generator
from assistant.prompting import Composer
from assistant.types import Answer, Claim, Completion, Evidence, IndexState, Prompt, Question, Timings

CHUNKS = 5
_REFUSAL = re.compile(
    r"\b(?:sources?|passages?|articles?|texts?|they)\b[^.]{0,40}\b(?:do|does|did)(?: not|n't|n’t)\b[^.]{0,30}"
    r"\b(?:contain|say|mention|provide|state|specify|include|give|answer)"
    r"|\bno (?:information|mention|answer)\b|\bnot (?:mentioned|stated|provided|specified|contained)\b",
    re.IGNORECASE,
)


@dataclass(frozen=True, slots=True)
class NaivePipeline:
    """Answers as `Assistant` does, without selection, attribution, checks or calibrated abstention."""

    retriever: Retriever
    composer: Composer
    generator: Generator
    clock: Callable[[], float]
    settings_digest: str
    version: str

    def ask(self, question: Question) -> Answer:
        """One answer. It abstains when its text says that the sources do not answer."""
        begun = self.clock()
        hits = self.retriever.retrieve(question.text, CHUNKS, question.filters)
        evidence = whole_chunks(hits)
        found_s = self.clock() - begun
        prompt = self.composer.answer(question.text, evidence)
        completion, first_s = self._complete(prompt, begun)
        cited = [_cited(one, evidence) for one in whole_sentences(completion.text, completion.stop == "length")]
        shown = show(cited)
        refused = bool(_REFUSAL.search(completion.text)) or not cited
        claims = tuple(
            Claim(
                shown.text[span.start : span.end],
                span.start,
                span.end,
                numbers,
                float(bool(numbers)),
                "supported" if numbers else "unsupported",
            )
            for span, numbers in shown.sentences
        )
        manifest = self.retriever.manifest
        text = shown.text or "No answer."
        return Answer(
            question=question.text,
            query=question.text,
            text=text,
            raw_text=completion.text,
            claims=(Claim(text, 0, len(text), (), 0.0, "no_claim"),) if refused else claims,
            citations=() if refused else shown.citations,
            unresolved=unresolved(find_markers(completion.text), evidence),
            evidence=evidence,
            nearest=evidence if refused else (),
            abstained=refused,
            confidence=1.0,
            as_of=None if refused else max((c.published for c in shown.citations if c.published), default=None),
            model=self.generator.model,
            index=IndexState(manifest.generation, manifest.articles, manifest.chunks, manifest.embedder),
            usage=completion.usage,
            timings=Timings(found_s, found_s, first_s, self.clock() - begun),
            settings_digest=self.settings_digest,
            version=self.version,
        )

    def _complete(self, prompt: Prompt, begun: float) -> tuple[Completion, float | None]:
        pieces, first_s = self.generator.generate(prompt, threading.Event()), None
        while True:
            try:
                next(pieces)
            except StopIteration as end:
                completion: Completion = end.value
                return completion, first_s
            first_s = first_s if first_s is not None else self.clock() - begun


def _cited(sentence: Sentence, evidence: tuple[Evidence, ...]) -> CitedSentence:
    """The sentence with the whole of each passage that its markers name."""
    named = [evidence[number - 1] for number in dict.fromkeys(sentence.numbers) if 0 < number <= len(evidence)]
    return CitedSentence(sentence.text, tuple(Quote(one, one.start, one.end) for one in named), 1.0, sentence.paragraph)
