"""Who may know whom, read from the imports themselves: the layers of ARCHITECTURE.md hold, in every module."""

from __future__ import annotations

import ast
import subprocess
import sys
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import cache
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[1]

ASSEMBLE = {
    "assistant.assemble",
    *(f"assistant.assemble.{path.stem}" for path in (ROOT / "assistant" / "assemble").glob("[a-z]*.py")),
}
"""The one place that names what everything is made of."""

ENTRY_POINTS = {
    "app",
    *ASSEMBLE,
    "assistant.cli",
    *(f"assistant.cli.{path.stem}" for path in (ROOT / "assistant" / "cli").glob("[a-z]*.py")),
    "assistant.__main__",
    "assistant.launch",
    "assistant.evaluation.calibrate",
}
"""Where a process begins. `assemble` is among them because it alone names what the others need."""

HOMES: Mapping[str, tuple[str, ...]] = {
    "gradio": ("assistant.ui.",),
    "starlette": ("assistant.ui.",),
    "faiss": ("index.vectors", "index.approximate"),
    "pypdf": ("index.readers.pdf",),
    "watchfiles": ("index.watching",),
    "llama_cpp": ("assistant.llama_engine",),
    "torch": ("index.embedding.reference", "assistant.cross_encoder"),
    "sentence_transformers": ("index.embedding.reference", "assistant.cross_encoder"),
    "onnxruntime": ("index.embedding.fast",),
    "onnx": ("index.embedding.graph",),
    "tokenizers": ("index.embedding.fast",),
    "safetensors": ("index.embedding.bert",),
    "transformers": ("index.embedding.reference",),
    "sklearn": ("assistant.evaluation.calibrate",),
    "sqlite3": ("index.database", "index.lexical", "assistant.conversations.store"),
    "typer": ("assistant.cli", "assistant.cli.", "assistant.evaluation.calibrate"),
    "subprocess": ("assistant.models.",),
    "ctypes": ("assistant.llama_engine",),
    # The network. `socket` in the page asks only which port of this machine is free.
    "httpx": ("assistant.models.", "assistant.endpoint", "index.web"),
    "ssl": ("assistant.models.", "assistant.endpoint"),
    "socket": ("assistant.ui.server", "index.web"),
    "http": (),
    "requests": (),
    "urllib.request": (),
    "urllib3": (),
    "huggingface_hub": (),
    # What runs code that came as data.
    "pickle": (),
    "marshal": (),
    "shelve": (),
    "random": (),
}
"""The only modules that may import a package; a name that ends in a dot is a folder."""

HEAVY = (
    "torch",
    "onnxruntime",
    "onnx",
    "tokenizers",
    "faiss",
    "llama_cpp",
    "gradio",
    "sentence_transformers",
    "transformers",
    "sklearn",
    "pypdf",
)


@dataclass(frozen=True, slots=True)
class Import:
    """One imported module. `late` is inside a function, `for_types` under TYPE_CHECKING."""

    module: str
    late: bool
    for_types: bool


@cache
def tree(name: str) -> ast.Module:
    return ast.parse(MODULES[name].read_text(encoding="utf-8"))


def module_name(path: Path) -> str:
    parts = path.relative_to(ROOT).with_suffix("").parts
    return ".".join(parts[:-1] if parts[-1] == "__init__" else parts)


MODULES = {
    module_name(path): path
    for path in sorted([*ROOT.glob("assistant/**/*.py"), *ROOT.glob("index/**/*.py"), ROOT / "app.py"])
}


@cache
def imports(name: str) -> tuple[Import, ...]:
    return tuple(_imports(tree(name), late=False, for_types=False))


def _imports(node: ast.AST, late: bool, for_types: bool) -> Iterator[Import]:
    for child in ast.iter_child_nodes(node):
        if isinstance(child, ast.Import):
            yield from (Import(alias.name, late, for_types) for alias in child.names)
        elif isinstance(child, ast.ImportFrom):
            assert child.level == 0 and child.module, "imports are absolute"
            yield Import(child.module, late, for_types)
            names = (f"{child.module}.{alias.name}" for alias in child.names)
            yield from (Import(name, late, for_types) for name in names if name in MODULES)
        else:
            function = isinstance(child, ast.FunctionDef | ast.AsyncFunctionDef | ast.Lambda)
            guard = isinstance(child, ast.If) and ast.unparse(child.test) == "TYPE_CHECKING"
            yield from _imports(child, late or function, for_types or guard)


def is_in(module: str, package: str) -> bool:
    return module == package or module.startswith(f"{package}.")


def lives_in(module: str, homes: tuple[str, ...]) -> bool:
    return any(module == home or (home.endswith(".") and f"{module}.".startswith(home)) for home in homes)


def everywhere() -> list[tuple[str, Import]]:
    return [(name, found) for name in MODULES for found in imports(name)]


def test_the_modules_are_found() -> None:
    assert {"app", "index.types", "index.readers.html", "assistant.types", "assistant.ui.page"} <= set(MODULES)
    assert all(imports(name) for name in ("app", "index.store", "assistant.answering"))


# ---- layers


def test_the_index_knows_nothing_of_the_assistant() -> None:
    assert [
        (name, found) for name, found in everywhere() if is_in(name, "index") and is_in(found.module, "assistant")
    ] == []


def test_nobody_but_a_process_knows_how_it_is_put_together() -> None:
    top = {"app", "assistant.cli", "assistant.assemble", "assistant.ui"}
    users = {
        name
        for name, found in everywhere()
        if any(is_in(found.module, one) for one in top) and not found.for_types and not is_in(name, "assistant.ui")
    }
    assert users <= ENTRY_POINTS


def test_the_page_knows_no_process() -> None:
    below = {found.module for name, found in everywhere() if is_in(name, "assistant.ui")}
    assert below.isdisjoint(ENTRY_POINTS)


def test_what_is_put_together_is_named_late() -> None:
    """The command line can say what is wrong before anything is loaded; the page is loaded when it is served."""
    for name, found in everywhere():
        if is_in(name, "assistant.cli") and is_in(found.module, "assistant.assemble"):
            assert found.late or found.for_types
        if name in ASSEMBLE and is_in(found.module, "assistant.ui"):
            assert found.late or found.for_types


@pytest.mark.parametrize("name", ["index.types", "index.errors", "assistant.types", "assistant.errors"])
def test_values_and_errors_know_the_standard_library_and_each_other(name: str) -> None:
    allowed = {"index.types", "index.errors", "assistant.types", "assistant.errors"}
    known = {found.module for found in imports(name)}
    assert {module for module in known if module.split(".")[0] not in sys.stdlib_module_names} <= allowed


def test_of_the_index_the_assistant_knows_values_and_sentences_where_it_is_not_put_together() -> None:
    """A back end of the index is chosen in one place; elsewhere the assistant sees hits, errors, sentences, dates."""
    allowed = {"index.types", "index.errors", "index.sentences", "index.dates"}
    sources = {"index.sources", "index.readers"}  # a dataset's corpus is a source, and the command line takes paths
    for name, found in everywhere():
        if is_in(name, "assistant") and is_in(found.module, "index") and name not in ASSEMBLE:
            reads = is_in(name, "assistant.evaluation") or is_in(name, "assistant.cli")
            assert found.module in (allowed | sources if reads else allowed), name


def test_no_module_needs_itself_to_be_imported() -> None:
    """The imports at the top of the modules have no cycle."""
    needs = {
        name: {f.module for f in imports(name) if f.module in MODULES and not f.late and not f.for_types} - {name}
        for name in MODULES
    }
    while ready := {name for name, needed in needs.items() if not needed & set(needs)}:
        needs = {name: needed for name, needed in needs.items() if name not in ready}
    assert needs == {}


def test_names_are_bound_and_packages_are_not() -> None:
    """`from index.types import Chunk`, never `import index`: both names belong to other distributions too."""
    for name in MODULES:
        plain = (node for node in ast.walk(tree(name)) if isinstance(node, ast.Import))
        assert not any(alias.name.split(".")[0] in {"index", "assistant"} for node in plain for alias in node.names), (
            name
        )


# ---- back ends, network, environment, output


@pytest.mark.parametrize("package", HOMES)
def test_a_package_is_imported_only_where_it_belongs(package: str) -> None:
    users = {name for name, found in everywhere() if is_in(found.module, package)}
    assert {name for name in users if not lives_in(name, HOMES[package])} == set()


def attributes(name: str) -> set[str]:
    """Every dotted name a module uses, such as "os.environ"."""
    return {ast.unparse(node) for node in ast.walk(tree(name)) if isinstance(node, ast.Attribute)}


def calls(name: str) -> set[str]:
    return {ast.unparse(node.func) for node in ast.walk(tree(name)) if isinstance(node, ast.Call)}


def test_the_environment_is_read_in_one_place() -> None:
    readers = {"os.environ", "os.environb", "os.getenv", "os.putenv"}
    assert {name for name in MODULES if any(used in readers for used in attributes(name))} == {"assistant.settings"}
    assert not any(
        isinstance(node, ast.ImportFrom) and node.module == "os" for name in MODULES for node in ast.walk(tree(name))
    )


def test_only_the_command_line_prints() -> None:
    assert [name for name in MODULES if "print" in calls(name) and not is_in(name, "assistant.cli")] == []
    writers = {name for name in MODULES if attributes(name) & {"sys.stdout", "sys.stderr"}}
    assert writers <= ENTRY_POINTS - ASSEMBLE


def test_nothing_is_evaluated() -> None:
    assert [name for name in MODULES if calls(name) & {"eval", "exec", "compile", "__import__", "os.system"}] == []


def test_the_time_of_day_is_passed_in() -> None:
    asking = {"datetime.now", "datetime.utcnow", "datetime.today", "date.today", "time.time"}
    assert {name for name in MODULES if calls(name) & asking} <= ASSEMBLE


# ---- what is no code


def test_prompts_and_seeds_hold_no_code() -> None:
    assert [*ROOT.glob("prompts/**/*.py"), *ROOT.glob("seeds/**/*.py")] == []
    assert {path.suffix for path in (ROOT / "prompts").iterdir()} == {".md"}


def test_code_holds_no_sentence_of_a_prompt() -> None:
    lines = [
        line.strip()
        for path in (ROOT / "prompts").glob("*.md")
        if path.stem != "README"
        for line in path.read_text(encoding="utf-8").splitlines()
        if len(line.split()) > 4
    ]
    assert len(lines) >= 4
    told = "\n".join(path.read_text(encoding="utf-8") for path in MODULES.values())
    assert [line for line in lines if line in told] == []


def test_every_module_says_what_it_is() -> None:
    assert [name for name in MODULES if not ast.get_docstring(tree(name)) and imports(name)] == []


# ---- quiet imports


def loaded_by(modules: Sequence[str], looked_for: Sequence[str]) -> list[str]:
    """Which of `looked_for` a fresh interpreter has loaded once it has imported `modules`."""
    script = (
        f"import importlib, sys\nfor name in {list(modules)!r}: importlib.import_module(name)\n"
        f"print(*[name for name in {list(looked_for)!r} if name in sys.modules])"
    )
    ran = subprocess.run([sys.executable, "-c", script], cwd=ROOT, capture_output=True, text=True, timeout=120)
    assert ran.returncode == 0, ran.stderr
    return ran.stdout.split()


def test_importing_loads_no_model_library() -> None:
    parts = {f"assistant.ui.{name}" for name in ("page", "server", "layout", "handlers")}
    page = parts | {name for name in MODULES if name.startswith("assistant.ui.") and name.endswith("_panel")}
    quiet = [name for name in MODULES if name not in page | {"assistant.__main__"}]
    assert loaded_by(quiet, HEAVY) == []


def test_importing_the_command_line_is_quick_to_say_what_is_wrong() -> None:
    """No answer, no page and no index is loaded to print help."""
    late = ["numpy", "pydantic", "assistant.assemble", "index.store", "assistant.ui.page"]
    assert loaded_by(["assistant.cli"], late) == []


def test_what_is_loaded_is_seen() -> None:
    assert loaded_by(["assistant.similarity"], ["numpy", *HEAVY]) == ["numpy"]
