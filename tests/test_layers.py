"""Layers never import upwards, the registry knows no plugin by name, and listing imports nothing heavy."""

from __future__ import annotations

import ast
import os
import subprocess
import sys
from collections.abc import Iterator, Mapping, Set
from graphlib import CycleError, TopologicalSorter
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[1]
PACKAGES = {"mmg_registry": ROOT, "mmg_plugins": ROOT / "plugins", "mmg_cli": ROOT / "cli"}

# Lowest first; a module imports only its own and lower layers.
LAYERS = [
    {"mmg_registry.errors", "mmg_registry.threads", "mmg_registry.provenance"},
    {"mmg_registry.results"},
    {"mmg_registry.contracts"},
    {"mmg_registry.data", "mmg_registry.preprocess", "mmg_registry.samplers", "mmg_registry.bounds"},
    {"mmg_registry.annealing", "mmg_registry.models"},
    {"mmg_registry.registry", "mmg_registry.hooks"},
    {"mmg_registry.core", "mmg_registry.training"},
    {"mmg_registry.diffusion"},
    {"mmg_registry.estimation", "mmg_registry.storage"},
    {"mmg_registry.api", "mmg_registry.testing"},
    {"mmg_registry.bounds.run"},
    {"mmg_registry.benchmark"},
    {"mmg_registry", "mmg_registry.__main__"},
    {"mmg_plugins"},
    {"mmg_cli"},
]


def modules() -> dict[str, Path]:
    found = {}
    for package, root in PACKAGES.items():
        for path in sorted((root / package).rglob("*.py")):
            parts = path.relative_to(root).with_suffix("").parts
            found[".".join(parts[:-1] if parts[-1] == "__init__" else parts)] = path
    return found


def layer(module: str) -> int:
    """Index of the layer with the longest name that `module` is in."""
    names = {name: i for i, names in enumerate(LAYERS) for name in names}
    parts = module.split(".")
    for length in range(len(parts), 0, -1):
        prefix = ".".join(parts[:length])
        if prefix in names and (prefix != "mmg_registry" or module == "mmg_registry"):
            return names[prefix]
    raise AssertionError(f"{module} has no layer; give it one in {__file__}")


def imports(module: str, source: str, known: set[str]) -> Iterator[str]:
    """Modules of ours that `source` imports, anywhere in it."""
    package = module if (ROOT / Path(*module.split("."))).is_dir() else module.rpartition(".")[0]
    for node in ast.walk(ast.parse(source)):
        if isinstance(node, ast.Import):
            yield from (alias.name for alias in node.names if alias.name.split(".")[0] in PACKAGES)
        if isinstance(node, ast.ImportFrom):
            above = package.split(".")[: len(package.split(".")) - node.level + 1] if node.level else []
            base = ".".join([*above, *([node.module] if node.module else [])])
            if base.split(".")[0] in PACKAGES:
                for alias in node.names:
                    full = f"{base}.{alias.name}"
                    yield full if full in known else base


def test_there_are_modules_of_all_three_packages() -> None:
    assert {name.split(".")[0] for name in modules()} == set(PACKAGES)


@pytest.mark.parametrize("module", sorted(modules()))
def test_layers_never_import_upwards(module: str) -> None:
    found = modules()
    targets = imports(module, found[module].read_text(encoding="utf-8"), set(found))
    assert [target for target in targets if layer(target) > layer(module)] == []


def test_upward_imports_would_be_seen() -> None:
    source = "def f():\n    from mmg_registry import api\n    import mmg_cli.main\n"
    assert list(imports("mmg_registry.errors", source, set(modules()))) == ["mmg_registry.api", "mmg_cli.main"]
    assert layer("mmg_registry.api") > layer("mmg_registry.errors")


# --- No circles -------------------------------------------------------------------------------------------------------
KNOWN_CIRCLES = {
    frozenset({"mmg_registry.hooks", "mmg_registry.registry"}),
}


def circle(sources: Mapping[str, str], known: Set[frozenset[str]] = frozenset()) -> list[str]:
    """Modules that import each other, anywhere in them but for the sake of types alone; none if there is no circle."""
    graph = {name: _imported(name, source, sources) for name, source in sources.items()}
    for name, targets in graph.items():
        targets -= {target for target in targets if {name, target} in known}
    try:
        TopologicalSorter(graph).prepare()
    except CycleError as error:
        return list(error.args[1])
    return []


def _imported(module: str, source: str, sources: Mapping[str, str]) -> set[str]:
    """Other modules among `sources`, but for the packages that hold `module`: they run first in any case."""
    tree = _WithoutTypeChecking().visit(ast.parse(source))
    found = set(imports(module, ast.unparse(tree), set(sources))) & set(sources)
    return {target for target in found if not f"{module}.".startswith(f"{target}.")}


class _WithoutTypeChecking(ast.NodeTransformer):
    def visit_If(self, node: ast.If) -> ast.AST:
        self.generic_visit(node)
        if ast.unparse(node.test).endswith("TYPE_CHECKING"):
            node.body = [ast.Pass()]
        return node


def texts() -> dict[str, str]:
    return {name: path.read_text(encoding="utf-8") for name, path in modules().items()}


def test_no_two_modules_import_each_other() -> None:
    assert circle(texts(), KNOWN_CIRCLES) == []


@pytest.mark.parametrize("known", KNOWN_CIRCLES, ids=" and ".join)
def test_a_known_circle_is_still_one(known: frozenset[str]) -> None:
    """So that the list shrinks."""
    assert set(circle({name: text for name, text in texts().items() if name in known})) == known


CIRCLES = [
    {"a": "from mmg_registry.core import b", "b": "from mmg_registry.core import a"},
    {"a": "import mmg_registry.core.b", "b": "def f():\n    from mmg_registry.core import a"},
    {"a": "from mmg_registry.core import b", "b": "from mmg_registry.core.c import f", "c": "from .a import name"},
]
NO_CIRCLES = [
    {"a": "from mmg_registry.core import b, c", "b": "from mmg_registry.core import c", "c": ""},
    {"a": "from mmg_registry.core import b", "b": "if TYPE_CHECKING:\n    from mmg_registry.core import a"},
]


def in_core(sources: dict[str, str]) -> dict[str, str]:
    return {f"mmg_registry.core.{name}": source for name, source in sources.items()}


@pytest.mark.parametrize("sources", CIRCLES)
def test_circles_would_be_seen(sources: dict[str, str]) -> None:
    assert set(circle(in_core(sources))) == set(in_core(sources))
    assert circle(in_core(sources), {frozenset({"mmg_registry.core.a", "mmg_registry.core.z"})})


@pytest.mark.parametrize("sources", NO_CIRCLES)
def test_no_circle_is_seen_where_there_is_none(sources: dict[str, str]) -> None:
    assert circle(in_core(sources)) == []


# --- Names ------------------------------------------------------------------------------------------------------------
@pytest.mark.parametrize("module", [name for name in sorted(modules()) if name.startswith("mmg_registry")])
def test_the_registry_names_no_plugin_and_no_command_line(module: str) -> None:
    tree = ast.parse(modules()[module].read_text(encoding="utf-8"))
    words = [node.value for node in ast.walk(tree) if isinstance(node, ast.Constant) and isinstance(node.value, str)]
    docs = {ast.get_docstring(node, clean=False) for node in ast.walk(tree) if isinstance(node, _DOCUMENTED)}
    assert not [word for word in words if word not in docs and ("mmg_plugins" in word or "mmg_cli" in word)]
    assert not [name for name in imports(module, ast.unparse(tree), set(modules())) if name.startswith("mmg_p")]


_DOCUMENTED = (ast.Module, ast.ClassDef, ast.FunctionDef, ast.AsyncFunctionDef)
HEAVY = ("torch", "numpy", "pydantic", "scipy", "pluggy", "typer", "mmg_plugins", "mmg_cli")


LISTINGS = [
    "import mmg_registry",
    "import mmg_registry; mmg_registry.plugins(); mmg_registry.__version__",
    "from mmg_registry import registry; registry.records(); registry.statuses()",
]


@pytest.mark.parametrize("code", LISTINGS)
def test_listing_imports_nothing_heavy(code: str) -> None:
    script = f"{code}\nimport sys\nprint([name for name in {HEAVY} if name in sys.modules])"
    path = os.pathsep.join([*map(str, PACKAGES.values()), os.environ.get("PYTHONPATH", "")]).rstrip(os.pathsep)
    environment = {**os.environ, "PYTHONPATH": path}
    done = subprocess.run([sys.executable, "-c", script], capture_output=True, text=True, env=environment, check=True)
    assert done.stdout.strip() == "[]"
