"""The one place where everything concrete is chosen: settings in, working parts out.

Knows every back end by name and nothing of how a question is answered. Nothing heavy is imported before a part that
needs it is asked for, and each part is made once.
"""

from __future__ import annotations

import contextlib
import json
import logging
import re
import threading
import time
from collections.abc import Callable, Iterator, Mapping, Sequence, Set
from dataclasses import asdict, replace
from datetime import UTC, date, datetime
from functools import cached_property, partial
from pathlib import Path
from typing import TYPE_CHECKING, Any
from urllib.parse import urlsplit

from assistant import doctor
from assistant.abstaining import FittedAbstainer
from assistant.answering import Assistant, Policy
from assistant.citing import Attributor
from assistant.duplicates import fold
from assistant.errors import AssistantError, ConversationError, SettingsError
from assistant.evidence import Reranker, SentenceSelector
from assistant.examples import example_questions
from assistant.followups import NEAR, follow_ups
from assistant.generation import complete
from assistant.given import GivenPassages, Passage
from assistant.machine import cores, describe, version
from assistant.memory import memory_available
from assistant.models import LocatedModel, ModelStore, Progress, default_sources, load_catalogue
from assistant.orders import without_orders
from assistant.prompting import Composer, Templates
from assistant.reranking import WordsAndMeaning, by_rank
from assistant.settings import Settings, Strictness, hub_is_off
from assistant.similarity import CachedSimilarity
from assistant.timely import Timing, find
from assistant.types import Citation, Evidence, Message, Model, Prompt, Question
from assistant.verifying import Entailment, FittedVerifier, Logistic, Thresholds
from assistant.when import when_of
from index.approximate import HnswIndex
from index.corpus import Corpus
from index.current import BySize
from index.errors import IndexingError, IndexMissing
from index.holdings import Holdings
from index.ingest import Ingester
from index.parts import parts_of
from index.quotes import resolve_quote
from index.search import Index
from index.store import Store
from index.types import Article, ArticleInfo, ChunkingSettings, Hit, RawPage, ResolvedQuote
from index.uploads import FOLDER as UPLOADS
from index.uploads import Uploads
from index.vectors import FaissIndex

if TYPE_CHECKING:
    from assistant.candidates import Candidate
    from assistant.conversations.store import Conversations
    from assistant.evaluation.datasets import Dataset
    from assistant.evaluation.journal import Json
    from assistant.evaluation.judging import PairJudge
    from assistant.evaluation.naive import NaivePipeline
    from assistant.evaluation.run import Judge, Plan
    from assistant.generation import Generator
    from assistant.library import Library
    from assistant.live import CountProgress
    from assistant.ui.exports import Exporter
    from assistant.ui.keeping import Keeper
    from assistant.ui.preferences import About, Preferences
    from assistant.ui.server import Login
    from index.embedding import Embedder
    from index.readers import Draft
    from index.sources import Source

HERE = Path(__file__).parent
PRIVATE = {"data", "models", "endpoint_key", "user", "password"}
"""Settings that name a person's folders or secrets: no report carries them."""
REMOTE = frozenset({"http", "https"})


log = logging.getLogger(__name__)


def _now() -> datetime:
    return datetime.now(UTC)


class Assembly:
    """Quoth's parts for one `Settings`, each made at first use. Close it to free the model and the database."""

    def __init__(self, settings: Settings, progress: Progress | None = None) -> None:
        self.settings = settings
        self.progress: Progress = progress or (lambda stage, done, total: None)
        self._opened: list[Store | Conversations | Generator] = []

    @cached_property
    def models(self) -> ModelStore:
        """Where models are kept and come from."""
        return ModelStore(
            self.settings.models,
            load_catalogue(),
            offline=self.settings.offline,
            sources=default_sources(hub=not hub_is_off()),
        )

    @cached_property
    def threads(self) -> int:
        return self.settings.threads or cores()

    @cached_property
    def embedder(self) -> Embedder:
        """The embedding model, run the fast way where its folder allows it and the settings do not forbid it.

        One name for both ways: their vectors are interchangeable, as measured in ARCHITECTURE.md.
        """
        from index.embedding.bert import Unsupported

        located, runtime = self._model(self.settings.embedder), self.settings.embedder_runtime
        name = f"{located.name}@{located.sha256[:12]}"
        if runtime != "torch":
            try:
                return self._fast_embedder(located, name)
            except Unsupported as error:
                if runtime == "onnx":
                    raise
                log.warning("%s It runs in torch, slower.", error)
        from index.embedding.reference import SentenceTransformerEmbedder

        return SentenceTransformerEmbedder(located.path, name, self.threads)

    def _fast_embedder(self, located: LocatedModel, name: str) -> Embedder:
        """Raises Unsupported. The 8-bit model lies beside the others, by the digest of what it was made from."""
        from index.embedding.bert import read_encoder
        from index.embedding.fast import OnnxEmbedder
        from index.embedding.prepared import prepared

        encoder = read_encoder(located.path)
        place = self.settings.models / "prepared" / f"{located.sha256[:16]}.onnx8"
        model = prepared(located.path, encoder, place, _sample_texts, self.threads, self.progress)
        return OnnxEmbedder(located.path, encoder, model, name, self.threads)

    @cached_property
    def generator(self) -> Generator:
        """The language model: an endpoint when the setting is an address, else llama.cpp in this process."""
        remote = urlsplit(self.settings.generator).scheme in REMOTE
        generator = self._endpoint() if remote else self._llama()
        self._opened.append(generator)
        return generator

    def _llama(self) -> Generator:
        from assistant.llama import LlamaCpp
        from assistant.marking import resolving

        located = self._model(self.settings.generator)
        return LlamaCpp(
            located.path,
            Model(located.name, located.sha256, "llama.cpp"),
            context_size=self.settings.context_tokens,
            threads=self.threads,
            restrain=resolving,
        )

    def _endpoint(self) -> Generator:
        from assistant.endpoint import Endpoint

        key = self.settings.endpoint_key
        return Endpoint(
            self.settings.generator,
            self.settings.endpoint_model,
            context_size=self.settings.context_tokens,
            api_key=key.get_secret_value() if key else None,
        )

    def pull(self, name: str) -> LocatedModel:
        """Fetch and check a catalogue model; of the embedder in force, make the fast form too."""
        located = self.models.pull(name, self.progress)
        if name == self.settings.embedder:
            _ = self.embedder
        return located

    def _model(self, name_or_path: str) -> LocatedModel:
        """The model, fetched first when it is one of the catalogue's and not here yet."""
        fetch = self.models.pull if load_catalogue().find(name_or_path) else self.models.locate
        return fetch(name_or_path, self.progress)

    def models_in_force(self) -> tuple[str, ...]:
        """The embedder and, when it is not an endpoint, the generator, as the settings name them."""
        chosen = (self.settings.embedder, self.settings.generator)
        return tuple(name for name in chosen if urlsplit(name).scheme not in REMOTE)

    @cached_property
    def store(self) -> Store:
        """The index's database, made if need be."""
        return self._kept(Store.open(self.settings.data))

    @cached_property
    def stored(self) -> Store:
        """The index's database as it is. Raises IndexMissing where there is none."""
        return self._kept(Store.open(self.settings.data, create=False))

    def _kept(self, store: Store) -> Store:
        self._opened.append(store)
        return store

    def find_article(self, name: str) -> ArticleInfo:
        """The article of this id or path. Raises IndexMissing."""
        here = Path(name).expanduser().absolute()
        found = self.stored.find_article(name) or self.stored.find_article(str(here))
        if found is None:
            raise IndexMissing(f"no article {name!r} is indexed; `quoth list` shows the ids")
        return found

    def article(self, name: str, digest: str | None = None) -> Article:
        """The whole article of this id or path, as it is or as it was with this digest. Raises IndexMissing."""
        if digest:
            return self._article_of_then(name, digest)
        found = self.stored.article(self.find_article(name).id)
        assert found is not None, "an article is read in the process that found it"
        return found

    def _article_of_then(self, name: str, digest: str) -> Article:
        info = self.stored.find_article(name) or self.stored.find_article(str(Path(name).expanduser().absolute()))
        then = self.stored.text_of(info.id if info else name, digest)
        if then is None:
            raise IndexMissing(
                f"article {name!r} is not kept with the text of digest {digest!r}: its source has changed or was"
                f" removed, and no conversation refers to that text. `quoth article {name}` shows what it says now"
            )
        return then

    @cached_property
    def conversations(self) -> Conversations:
        """What was asked and answered. Raises ConversationError."""
        from assistant.conversations.store import Conversations

        conversations = Conversations.open(self.settings.data, _now)
        self._opened.append(conversations)
        return conversations

    @cached_property
    def exporter(self) -> Exporter:
        """Kept conversations as files."""
        from assistant.ui.exports import Exporter

        return Exporter(self.conversations, self.text_as_cited, self.stored_articles, _now, version())

    def text_as_cited(self, article_id: str, digest: str | None) -> Article | None:
        """The article with the text of that digest, if it is kept; without a digest as it is now."""
        with contextlib.suppress(IndexMissing):
            return self.stored.text_of(article_id, digest) if digest else self.stored.article(article_id)
        return None

    def stored_articles(self) -> Iterator[Article]:
        """Every article with its text, one at a time; none where there is no index."""
        with contextlib.suppress(IndexMissing):
            for info in self.stored.articles():
                if article := self.stored.article(info.id):
                    yield article

    @cached_property
    def chunking(self) -> ChunkingSettings:
        return ChunkingSettings(self.settings.chunk_tokens, self.settings.overlap_tokens)

    @cached_property
    def ingester(self) -> Ingester:
        return self._ingester(self.store)

    @cached_property
    def library(self) -> Library:
        """Adding and removing while questions are answered."""
        from assistant.library import Library

        return Library(self._holdings, takes_addresses=self._uses_web())

    def _holdings(self) -> Holdings:
        """Over a database connection of its own, so that no reader waits for a transaction."""
        store = self._kept(Store.open(self.settings.data))
        uploads = Uploads(self.settings.data / UPLOADS)
        uploads.begin()

        def ingester(read: Callable[[RawPage], Draft]) -> Ingester:
            return Ingester(store, self.embedder, self.chunking, _now, read)

        return Holdings(store, ingester, uploads, self.settings.file_bytes, self._web if self._uses_web() else None)

    def _uses_web(self) -> bool:
        return self.settings.web_pages and not self.settings.offline

    def _web(self, address: str) -> Source:
        from index.web import WebPage

        return WebPage(address, self.settings.file_bytes, time.monotonic)

    def _ingester(self, store: Store) -> Ingester:
        return Ingester(store, self.embedder, self.chunking, _now)

    def corpus(self, make: bool) -> Corpus:
        """The index and its folders. Where there is none: with `make` an empty one, else IndexMissing is raised."""
        store = self.store if make else self.stored
        return Corpus(store, lambda: self._ingester(store), _now, self.settings.file_bytes)

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
        calibration = HERE / "verifying.json"
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
            Templates.read(HERE.parent / "prompts"),
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

    def _begin_generator(self) -> None:
        """Nothing is fetched for it: whether the index can be used is told before a download."""
        from assistant.llama import LlamaCpp

        with contextlib.suppress(AssistantError):  # told when it is needed
            self.models.locate(self.settings.generator)
            if isinstance(self.generator, LlamaCpp):
                self.generator.begin()

    def assistant_over(self, index: Index, settings: Settings | None = None) -> Assistant:
        """Answers over another index, or with other settings of answering, with the same models."""
        chosen, thresholds = settings or self.settings, self.verifier.thresholds
        calibration = HERE / "abstaining.json"
        return Assistant(
            retriever=index,
            selector=self.selector(chosen.evidence_tokens),
            composer=self._composer(chosen),
            generator=self.generator,
            attributor=Attributor(self.verifier.by_words_alone(), floor=thresholds.partial),
            verifier=self.verifier,
            similarity=self.similarity,
            abstainer=FittedAbstainer(
                Logistic.read(calibration, "with_logit"), Logistic.read(calibration, "without_logit")
            ),
            policy=Policy(
                threshold=self._threshold(calibration, chosen.strictness),
                candidates=chosen.candidates,
                question_words=chosen.question_words,
                thresholds=thresholds,
                settings_digest=chosen.digest(),
                version=version(),
            ),
            clock=time.perf_counter,
            today=date.today,
        )

    def index_of(self, passages: Sequence[Passage]) -> Index:
        """An index in memory of passages given with a question. Raises SettingsError when there is none."""
        if not passages:
            raise SettingsError("`passages` is empty; give at least one {title, text} or leave it out")
        store = self._kept(Store.open(None))
        self._ingester(store).add(GivenPassages(passages))
        return Index(store, self.embedder)

    def _threshold(self, calibration: Path, strictness: Strictness) -> float:
        """The least probability that the sources answer, for the strictness and the generator in force."""
        if strictness == "off":
            return 0.0
        kind = "with_logit" if self.generator.capabilities.yes_no else "without_logit"
        stored = json.loads(calibration.read_text(encoding="utf-8"))
        return float(stored["thresholds"][kind][strictness])

    def assistant_for(self, passages: Sequence[Passage] | None) -> Assistant:
        """Answers over the given passages alone, or over the stored index for None."""
        return self.assistant if passages is None else self.assistant_over(self.index_of(passages))

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

    def _keeper(self) -> Keeper:
        """Keeps what is asked on the page: on disk, or where that fails in memory, which the page then says."""
        from assistant.conversations.store import Conversations
        from assistant.ui.keeping import Keeper

        trouble = ""
        try:
            self._release_texts(self.conversations.all_ids())
        except ConversationError as error:
            trouble = f"Conversations are not kept: {error}"
            self.conversations = Conversations.open(None, _now)
        return Keeper(self.conversations, self.store.article, self.store.refer, _now, trouble)

    def _resolve(self, cited: Citation, digest: str | None) -> ResolvedQuote:
        """What became of a quote; of an old answer that tells no digest, by the text of now."""
        now = self.store.article(cited.article_id)
        then = self.store.text_of(cited.article_id, digest) if digest else now
        return resolve_quote(now, then, cited.start, cited.end, cited.quote)

    def _release_texts(self, conversations: Set[str]) -> None:
        """Texts that only conversations deleted for good referred to are kept no longer."""
        for name in self.store.referring():
            if name not in conversations:
                self.store.release(name)

    def serve_page(self, open_browser: bool, announce: Callable[[str], None]) -> None:
        """Serve the chat page until Ctrl-C."""
        from assistant.ui.server import serve
        from assistant.ui.service import ChatService

        service = ChatService(
            ask=lambda question, preferences, cancel: self._preferring(preferences).stream(question, cancel),
            articles=lambda: self.store.articles(),
            article=lambda article_id: self.store.article(article_id),
            resolve=self._resolve,
            examples=lambda: example_questions(HERE.parent / "seeds" / "questions.jsonl", self.store.articles()),
            follow_ups=lambda answer: follow_ups(answer, lambda text: self.index.retrieve(text, NEAR)),
            about=self._about,
            keeper=self._keeper(),
            exporter=self.exporter,
            library=self.library,
            file_bytes=self.settings.file_bytes,
            statuses=lambda: self.corpus(make=False).statuses(),
        )
        threading.Thread(target=self._warm, name="warming", daemon=True).start()
        serve(
            service,
            host=self.settings.host,
            port=self.settings.port or None,
            login=self._login(),
            open_browser=open_browser,
            announce=announce,
        )

    def _login(self) -> Login | None:
        """Who may open the page; None for anybody at this machine."""
        from assistant.ui.server import Login

        user, password = self.settings.user, self.settings.password
        return Login(user, password.get_secret_value() if password else "") if user else None

    def _preferring(self, preferences: Preferences) -> Assistant:
        """Answers over the stored index as one tab of the page wants them."""
        wanted = self.settings.model_copy(update=asdict(preferences))
        return self.assistant if wanted == self.settings else self.assistant_over(self.index, wanted)

    def _about(self) -> About:
        from assistant.ui.preferences import About, Preferences

        chosen = self.settings
        preferences = Preferences(chosen.strictness, chosen.evidence_tokens)
        return About(preferences, chosen.generator, self.threads, cores(), chosen.context_tokens)

    def _warm(self) -> None:
        """Load the models and read the prompts' opening while the page opens: the first question waits for neither."""
        from assistant.llama import LlamaCpp

        with contextlib.suppress(AssistantError, IndexingError):  # the first question tells what is wrong
            if not self.store.is_empty():
                self.embedder.embed_query("warm up")
                if isinstance(self.generator, LlamaCpp):
                    self.generator.yes_no(self._composer(self.settings).opening(), threading.Event())

    def check_up(self) -> Iterator[doctor.Check]:
        """Look everything over, the quick things first."""
        yield from doctor.versions(version())
        yield doctor.folder("data folder", self.settings.data)
        yield doctor.folder("models folder", self.settings.models)
        yield doctor.examine("index", self._check_index)
        yield doctor.examine("embedding", self._check_embedder)
        for name in self.models_in_force():
            yield doctor.examine(f"model {name}", partial(self._check_model, name))
        yield from doctor.examine_all("generation", self._check_generation)

    def _check_index(self) -> doctor.Check:
        manifest = self.stored.manifest()
        told = f"{manifest.articles} articles, {manifest.chunks} chunks, generation {manifest.generation}"
        if not manifest.articles:
            return doctor.Check("index", told, False, "fill it with `quoth add PATH…`")
        if broken := self.stored.check():
            return doctor.Check("index", f"{told}; {broken[0]}", False, "build it anew with `quoth add --rebuild`")
        self.stored.require(self.embedder.name, chunking=self.chunking)
        superseded, characters = self.stored.superseded()
        kept = f", {superseded} texts of {characters:,} characters kept for old answers" if superseded else ""
        return doctor.Check("index", f"{told}, {manifest.embedder}{kept}")

    def _check_embedder(self) -> doctor.Check:
        from index.embedding.fast import OnnxEmbedder

        self.embedder.embed_query("Does it work?")
        fast = isinstance(self.embedder, OnnxEmbedder)
        return doctor.Check("embedding", "8 bits, ONNX Runtime" if fast else "32 bits, torch: a quarter of the speed")

    def _check_model(self, name: str) -> doctor.Check:
        report = self.models.verify(name, self.progress)
        return doctor.Check(f"model {report.name}", f"{report.sha256[:16]}… {report.path}", report.ok, report.remedy)

    def _check_generation(self) -> Iterator[doctor.Check]:
        from assistant.llama import LlamaCpp

        generator = self.generator
        if isinstance(generator, LlamaCpp):
            weights = self._model(self.settings.generator).path.stat().st_size
            yield doctor.memory(memory_available(), weights)
            info = generator.info()
            yield from doctor.processor(info.features, info.threads, cores())
            yield doctor.Check("language model", f"{info.description}, context {info.context_size}")
        messages = (Message("user", "Count from one to thirty in words."),)
        prompt = Prompt(messages, (), generator.count_prompt(messages), doctor.TIMED_TOKENS)
        begun = time.perf_counter()
        usage = complete(generator.generate(prompt, threading.Event())).usage
        yield doctor.speed(usage.completion_tokens, time.perf_counter() - begun)

    def close(self) -> None:
        """Free what was opened, the last first."""
        while self._opened:
            self._opened.pop().close()


def _worth_reading(candidates: Sequence[Candidate]) -> Sequence[Candidate]:
    return fold(without_orders(candidates))


def _sample_texts() -> list[str]:
    """Paragraphs of the starter articles: texts to fit an embedding model's rounding to."""
    articles = sorted((HERE.parent / "seeds" / "articles").glob("*.md"))
    return [
        text for path in articles for text in re.split(r"\n\s*\n", path.read_text(encoding="utf-8")) if text.strip()
    ]
