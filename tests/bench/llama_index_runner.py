"""llama_index's CitationQueryEngine over the same corpus, model, embedder and threads: a question a line, a row a line.

Run by an interpreter of its own, which has llama_index; Quoth never depends on it. To make one that takes
llama-cpp-python and torch from Quoth's environment instead of building them again, in Quoth's checkout:

    python3 -m venv .peers
    .venv/bin/python -c "import site; print(site.getsitepackages()[0])" > .peers/lib/python3.*/site-packages/quoth.pth
    .peers/bin/pip install llama-index-core==0.14.25 llama-index-llms-llama-cpp==0.7.0 \\
        llama-index-embeddings-huggingface==0.8.0
    make bench ARGS="--against llama_index --llama-index-python .peers/bin/python"

Everything is at its own default but what must be equal (model file, its chat template, embedder, threads, temperature
0), three nodes a question, as its documentation has it, and streaming, so that the first token can be timed. Knows
nothing of Quoth; the protocol is `worker.py`'s. It never abstains.
"""

from __future__ import annotations

import json
import os
import re
import resource
import sys
import time
from pathlib import Path
from typing import Any

from llama_cpp.llama_chat_format import Jinja2ChatFormatter
from llama_index.core import Document, Settings, VectorStoreIndex
from llama_index.core.query_engine import CitationQueryEngine
from llama_index.embeddings.huggingface import HuggingFaceEmbedding
from llama_index.llms.llama_cpp import LlamaCPP

Json = dict[str, Any]
MARKER = re.compile(r"\[(\d+(?:\s*,\s*\d+)*)\]")


class Engine:
    """The query engine with what is needed to tell what a question cost."""

    def __init__(self, given: Json) -> None:
        import torch

        torch.set_num_threads(given["threads"])
        rows = [json.loads(line) for line in Path(given["documents"]).read_text(encoding="utf-8").splitlines()]
        self.texts = {row["doc_id"]: row["text"] for row in rows}
        self.prompts: list[str] = []
        self.llm = LlamaCPP(
            model_path=given["generator"],
            temperature=0.0,
            completion_to_prompt=self._rendered,
            model_kwargs={"n_threads": given["threads"], "n_threads_batch": given["threads"]},
            verbose=False,
        )
        Settings.llm = self.llm
        Settings.embed_model = HuggingFaceEmbedding(model_name=given["embedder"], device="cpu")
        Settings.chunk_size, Settings.chunk_overlap = given["chunk_size"], given["chunk_overlap"]
        documents = [Document(id_=row["doc_id"], text=row["text"], metadata={"title": row["title"]}) for row in rows]
        index = VectorStoreIndex.from_documents(documents)
        self.engine = CitationQueryEngine.from_args(
            index,
            similarity_top_k=given["top_k"],
            citation_chunk_size=given["source_size"],
            citation_chunk_overlap=given["source_overlap"],
            streaming=True,
        )

    def _rendered(self, text: str) -> str:
        """The prompt as the model's own chat template has it; kept, to count its tokens."""
        model = self.llm._model
        bounds = [model.detokenize([token], special=True).decode() for token in (model.token_eos(), model.token_bos())]
        formatter = Jinja2ChatFormatter(model.metadata["tokenizer.chat_template"], *bounds)
        prompt = formatter(messages=[{"role": "user", "content": text}]).prompt
        self.prompts.append(prompt)
        return prompt

    def ask(self, question: str) -> Json:
        """One question. Its passages could be shown when `query` returns, since the answer is streamed after."""
        self.prompts.clear()
        begun = time.perf_counter()
        response = self.engine.query(question)
        shown, first, said = time.perf_counter() - begun, None, []
        for piece in response.response_gen:
            first = first or time.perf_counter() - begun
            said.append(piece)
        total, text = time.perf_counter() - begun, "".join(said)
        times = {"first_evidence_s": shown, "first_token_s": first, "last_token_s": total, "total_s": total}
        return {
            "text": text,
            "abstained": False,
            "citations": self._cited(text, response.source_nodes),
            "times": times,
            "prompt_tokens": sum(self._count(prompt) for prompt in self.prompts),
            "completion_tokens": self._count(text),
            "calls": len(self.prompts),
            "sources": len(response.source_nodes),
        }

    def _cited(self, text: str, sources: list[Any]) -> list[Json]:
        """The whole of each source that a marker names, as its place in the document."""
        numbers = dict.fromkeys(int(n) for found in MARKER.findall(text) for n in found.split(","))
        return [self._place(sources[number - 1].node) for number in numbers if 0 < number <= len(sources)]

    def _place(self, node: Any) -> Json:
        quote = node.get_content().partition("\n")[2].strip()
        document = self.texts.get(node.ref_doc_id, "")
        start = document.find(quote)
        return {"doc_id": node.ref_doc_id or "", "start": max(0, start), "end": max(0, start) + len(quote)}

    def _count(self, text: str) -> int:
        return len(self.llm._model.tokenize(text.encode(), add_bos=False, special=True))


def memory() -> Json:
    pages = int(Path("/proc/self/statm").read_text().split()[1]) if Path("/proc/self/statm").exists() else 0
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss * (1 if sys.platform == "darwin" else 1024)
    return {"memory_bytes": pages * os.sysconf("SC_PAGE_SIZE") or None, "peak_memory_bytes": peak}


def main() -> None:
    """Index, say so, answer until the lines end."""
    protocol = os.fdopen(os.dup(1), "w", encoding="utf-8")
    os.dup2(2, 1)  # what libraries print is no answer

    def say(value: Json) -> None:
        print(json.dumps(value), file=protocol, flush=True)

    given, begun = json.loads(sys.argv[1]), time.perf_counter()
    engine = Engine(given)
    settings = {name: given[name] for name in ("chunk_size", "chunk_overlap", "top_k", "source_size")}
    chunks = len(engine.engine._retriever._index.index_struct.nodes_dict)
    seconds = round(time.perf_counter() - begun, 1)
    say({"ready": {"model": Path(given["generator"]).stem, "chunks": chunks, "seconds": seconds, "its": settings}})
    for line in sys.stdin:
        used = time.process_time()
        try:
            row = engine.ask(json.loads(line)["question"])
        except Exception as error:  # told, and the next question is asked
            say({"error": f"{type(error).__name__}: {error}"})
            continue
        say({**row, "processor_s": time.process_time() - used, **memory()})


if __name__ == "__main__":
    main()
