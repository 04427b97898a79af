"""The map of the house, and its rules.

Layers never import upwards, a family of estimators imports no family beside it, the registry names no plugin and no
command line, and listing plugins imports nothing heavy. Each rule is a function of a tree of modules, and is tested on
the sources, where it must find nothing, and on a small tree that breaks it.
"""

from __future__ import annotations

import ast
import os
import site
import subprocess
import sys
from collections.abc import Callable, Iterator, Mapping
from graphlib import CycleError, TopologicalSorter
from pathlib import Path

import pytest
from places import ROOT

PACKAGES = {"mmg_registry": ROOT, "mmg_plugins": ROOT / "plugins", "mmg_cli": ROOT / "cli"}

# Lowest first; a module imports only its own and lower layers. A name stands for all that is in it, unless a longer one
# is listed elsewhere.
LAYERS = [
    # What everything may use: the errors that a person reads, nearest names, types of arrays, kinds of columns, their
    # places in the array that a row was, whole files, what they hold; results as HTML and on axes.
    {
        "mmg_registry.errors",
        "mmg_registry.names",
        "mmg_registry.arrays",
        "mmg_registry.kinds",
        "mmg_registry.grids",
        "mmg_registry.files",
        "mmg_registry.exports",
        "mmg_registry.markup",
        "mmg_registry.pictures",
    },
    # What may be asked for: ranges with their sentence, devices; and what is installed, from metadata alone.
    {"mmg_registry.limits", "mmg_registry.devices", "mmg_registry.entry_points"},
    # Cores that this process may use, PyTorch's threads, and memory.
    {"mmg_registry.threads", "mmg_registry.memory"},
    # What an estimate is: value, standard error, curve, warnings; many of them; versions and revisions for results.
    {"mmg_registry.results", "mmg_registry.quantity", "mmg_registry.tables", "mmg_registry.provenance"},
    # Where work runs: functions called by name, by processes here or on a cluster.
    {"mmg_registry.engines"},
    # What an estimator is: the class that plugins implement, its options, its run; and those of this process alone.
    {"mmg_registry.contracts", "mmg_registry.in_process"},
    # How to estimate and how to bound; and the bar of what goes on.
    {"mmg_registry.request", "mmg_registry.progress"},
    # Rows: read, checked and split; brought to a common scale; drawn from laws of known MI. And what a bound is.
    # Which pairs of columns depend on each other; and what an estimator of entropy is.
    {
        "mmg_registry.data",
        "mmg_registry.preprocess",
        "mmg_registry.screen",
        "mmg_registry.samplers",
        "mmg_registry.bounds",
        "mmg_registry.entropies.contract",
    },
    # Generative models, built in, saved and trained; paths from one density to another, and sampling along them.
    {"mmg_registry.annealing", "mmg_registry.models"},
    # The hooks that plugins answer, and finding plugins by name.
    {"mmg_registry.hooks"},
    {"mmg_registry.registry"},
    # The compiled core, with its reference in PyTorch; what all training shares.
    {"mmg_registry.core", "mmg_registry.training"},
    # Denoisers, the curve of their gap over noise, and its integral, which is the MI.
    {"mmg_registry.diffusion"},
    # Several estimates as one; estimators on disk.
    {"mmg_registry.estimation", "mmg_registry.storage"},
    # What users call, from a request to a result; from a model to a bound; what an author checks a plugin with; other
    # questions of the same engine.
    {
        "mmg_registry.api",
        "mmg_registry.bounds.run",
        "mmg_registry.testing",
        "mmg_registry.pointwise",
        "mmg_registry.series",
    },
    # Questions that ask these, and each other's checks.
    {
        "mmg_registry.significance",
        "mmg_registry.integrations",
        "mmg_registry.entropies",
        "mmg_registry.multivariate",
    },
    # Questions that ask many of these: plugins compared, features ranked, all pairs of columns.
    {"mmg_registry.comparison", "mmg_registry.ranking", "mmg_registry.allpairs"},
    # What other packages take of them.
    {"mmg_registry.sklearn"},
    # Tasks of known MI, runs of plugins on them, and their scores.
    {"mmg_registry.benchmark"},
    # The names that users import.
    {"mmg_registry", "mmg_registry.__main__"},
    # Estimators without training, whose opinion all others ask.
    {"mmg_plugins.baselines"},
    # What the families of estimators share.
    {
        "mmg_plugins",
        "mmg_plugins.belief",
        "mmg_plugins.columns",
        "mmg_plugins.neural",
        "mmg_plugins.perceptron",
        "mmg_plugins.unseen",
    },
    # The families, each in a room: estimators with critics, with densities, with masked positions,
    {"mmg_plugins.critics", "mmg_plugins.densities", "mmg_plugins.masked"},
    # with denoisers of the orthogonal kind,
    {"mmg_plugins.mmg"},
    # with denoisers of the score,
    {"mmg_plugins.minde"},
    # and bounds on the MI of a known model.
    {"mmg_plugins.bounds"},
    # The program.
    {"mmg_cli"},
]
# Of these the name stands for their own file alone: what else is in them has a layer of its own.
DIVIDED = {"mmg_registry", "mmg_plugins"}
# What families share, and which other families they build on.
SHARED = {"belief", "columns", "neural", "perceptron", "unseen"}
NEEDS = {"mmg": {"baselines", "critics", "masked"}, "masked": {"baselines"}, "minde": {"mmg"}, "bounds": {"critics"}}
PLACES = {name: row for row, names in enumerate(LAYERS) for name in names}

HEAVY = ("torch", "numpy", "pydantic", "scipy", "pluggy", "typer", "mmg_plugins", "mmg_cli")
LISTINGS = [
    "import mmg_registry",
    "import mmg_registry; mmg_registry.plugins(); mmg_registry.__version__",
    "from mmg_registry import registry; registry.records(); registry.statuses()",
]

Tree = Mapping[str, str]  # sources by the names of their modules
Rule = Callable[[Tree], list[str]]


def sources() -> Tree:
    """Return the tree of the three packages."""
    found = {}
    for package, root in PACKAGES.items():
        for path in sorted((root / package).rglob("*.py")):
            parts = path.relative_to(root).with_suffix("").parts
            found[".".join(parts[:-1] if parts[-1] == "__init__" else parts)] = path.read_text(encoding="utf-8")
    return found


HOUSE = sources()


# --- What a tree imports --------------------------------------------------------------------------------------------
def imports(tree: Tree, module: str) -> Iterator[str]:
    """Yield the modules of the three packages that `module` imports: anywhere, for type checkers only as well."""
    for node in ast.walk(ast.parse(tree[module])):
        if isinstance(node, ast.Import):
            yield from (alias.name for alias in node.names if is_ours(alias.name))
        if isinstance(node, ast.ImportFrom) and is_ours(base := absolute(tree, module, node)):
            names = (f"{base}.{alias.name}" for alias in node.names)
            yield from (name if name in tree else base for name in names)


def is_ours(name: str) -> bool:
    return name.split(".")[0] in PACKAGES


def absolute(tree: Tree, module: str, node: ast.ImportFrom) -> str:
    """Return the name that `from ... import` in `module` begins with; its dots count from the module's package."""
    if not node.level:
        return node.module or ""
    is_package = any(name.startswith(f"{module}.") for name in tree)
    parts = module.split(".") if is_package else module.split(".")[:-1]
    return ".".join([*parts[: len(parts) - node.level + 1], *([node.module] if node.module else [])])


def room(module: str) -> str | None:
    """Return the longest name in `LAYERS` that `module` is in."""
    parts = module.split(".")
    names = (".".join(parts[:length]) for length in range(len(parts), 0, -1))
    return next((name for name in names if name in PLACES and (name not in DIVIDED or name == module)), None)


def steps(tree: Tree) -> Iterator[tuple[str, str, int]]:
    """Yield every module with each module it imports, and how many layers up that is; without those of no layer."""
    for module in tree:
        for target in imports(tree, module):
            here, there = PLACES.get(room(module) or ""), PLACES.get(room(target) or "")
            if here is not None and there is not None:
                yield module, target, there - here


# --- The rules: each returns what breaks it -------------------------------------------------------------------------
def homeless(tree: Tree) -> list[str]:
    """Find modules without a layer."""
    return [module for module in tree if room(module) is None]


def upward(tree: Tree) -> list[str]:
    """Find imports of a layer above."""
    return [f"{module} > {target}" for module, target, up in steps(tree) if up > 0]


def sideways(tree: Tree) -> list[str]:
    """Find imports of a family of estimators by another that `NEEDS` does not name."""
    both = [(module, target, family(module), family(target)) for module, target, _ in steps(tree)]
    return [f"{module} > {target}" for module, target, one, other in both if stranger(one, other)]


def family(module: str) -> str:
    """Return the name of the family that `module` is in; empty for what families share, and outside of them."""
    package, _, rest = module.partition(".")
    name = rest.partition(".")[0]
    return name if package == "mmg_plugins" and f"mmg_plugins.{name}" in PLACES and name not in SHARED else ""


def stranger(one: str, other: str) -> bool:
    return bool(one and other and one != other and other not in NEEDS.get(one, ()))


def names_of_others(tree: Tree) -> list[str]:
    """Find strings in `mmg_registry`, other than docstrings, that name the plugins' package or the program's."""
    registry = [module for module in tree if module.split(".")[0] == "mmg_registry"]
    return [f"{module}: {word}" for module in registry for word in words(tree[module]) if names_another(word)]


def words(source: str) -> Iterator[str]:
    """Yield the strings in `source` that are no docstring."""
    documented = (ast.Module, ast.ClassDef, ast.FunctionDef, ast.AsyncFunctionDef)
    nodes = list(ast.walk(ast.parse(source)))
    docs = {ast.get_docstring(node, clean=False) for node in nodes if isinstance(node, documented)}
    strings = [node.value for node in nodes if isinstance(node, ast.Constant) and isinstance(node.value, str)]
    yield from (word for word in strings if word not in docs)


def names_another(word: str) -> bool:
    return "mmg_plugins" in word or "mmg_cli" in word


def heavy(code: str, *folders: Path) -> list[str]:
    """Find what of `HEAVY` is imported once a new process has run `code`, with packages from `folders`."""
    script = f"{code}\nimport sys\nprint(*[name for name in {HEAVY} if name in sys.modules])"
    # -S: an editable installation would find its own sources first
    path = os.pathsep.join(map(str, [*folders, *site.getsitepackages()]))
    place = {"cwd": folders[0], "env": {**os.environ, "PYTHONPATH": path}}  # Python looks in the working folder first
    done = subprocess.run([sys.executable, "-S", "-c", script], capture_output=True, text=True, check=True, **place)
    return done.stdout.split()


def circular(tree: Tree) -> list[str]:
    """Find modules that import each other, in whatever place of them, but for type checkers only."""
    at_run_time = {module: ast.unparse(_WithoutTypeChecking().visit(ast.parse(tree[module]))) for module in tree}
    graph = {module: _others(at_run_time, module) for module in tree}
    try:
        TopologicalSorter(graph).prepare()
    except CycleError as error:
        return sorted(set(error.args[1]))
    return []


def _others(tree: Tree, module: str) -> set[str]:
    """Return what `module` imports, but for the packages that hold it: they run first in any case."""
    return {target for target in imports(tree, module) if target in tree and not f"{module}.".startswith(f"{target}.")}


class _WithoutTypeChecking(ast.NodeTransformer):
    def visit_If(self, node: ast.If) -> ast.AST:
        self.generic_visit(node)
        if ast.unparse(node.test).endswith("TYPE_CHECKING"):
            node.body = [ast.Pass()]
        return node


RULES = (homeless, upward, sideways, names_of_others, circular)


# --- The house keeps them -------------------------------------------------------------------------------------------
def test_there_are_modules_of_all_three_packages_and_every_layer_has_some() -> None:
    assert {name.split(".")[0] for name in HOUSE} == set(PACKAGES)
    assert set(map(room, HOUSE)) == set(PLACES)


@pytest.mark.parametrize("rule", RULES)
def test_the_house_keeps_the_rule(rule: Rule) -> None:
    assert rule(HOUSE) == []


@pytest.mark.parametrize("code", LISTINGS)
def test_listing_imports_nothing_heavy(code: str) -> None:
    assert heavy(code, *PACKAGES.values()) == []


# --- Each rule is seen to be broken ---------------------------------------------------------------------------------
RESULTS, REGISTRY, FAMILY = "mmg_registry.results", "mmg_registry.registry", "mmg_plugins.critics.critics"
SMALL = {"mmg_registry.api": "", "mmg_plugins.mmg.auto": "", "mmg_plugins.densities.doe": "", FAMILY: ""}
TYPES_ONLY = "from typing import TYPE_CHECKING\nif TYPE_CHECKING:\n    from mmg_registry.api import Request"


@pytest.mark.parametrize(
    ("module", "source", "target"),
    [
        (RESULTS, "from mmg_registry.contracts import Run", "mmg_registry.contracts"),
        (RESULTS, "import mmg_cli.main", "mmg_cli.main"),
        (RESULTS, "from mmg_registry import api", "mmg_registry.api"),
        (RESULTS, "from . import api", "mmg_registry.api"),
        (RESULTS, "def f():\n    from .api import run", "mmg_registry.api"),
        (RESULTS, TYPES_ONLY, "mmg_registry.api"),
        (REGISTRY, "from mmg_plugins.critics import critics", FAMILY),
        (FAMILY, "from ..mmg import auto", "mmg_plugins.mmg.auto"),
        ("mmg_registry.bounds.result", "import mmg_registry.bounds.run", "mmg_registry.bounds.run"),
    ],
)
def test_an_upward_import_is_found(module: str, source: str, target: str) -> None:
    assert upward({**SMALL, module: source}) == [f"{module} > {target}"]


@pytest.mark.parametrize(
    ("source", "target"),
    [
        ("from mmg_plugins.densities.doe import DoE", "mmg_plugins.densities.doe"),
        ("def f():\n    from ..densities import doe", "mmg_plugins.densities.doe"),
        ("import mmg_plugins.baselines", "mmg_plugins.baselines"),
        ("from mmg_plugins.mmg import auto", "mmg_plugins.mmg.auto"),
    ],
)
def test_an_import_of_a_family_by_another_is_found(source: str, target: str) -> None:
    assert sideways({**SMALL, FAMILY: source}) == [f"{FAMILY} > {target}"]


@pytest.mark.parametrize("module", ["mmg_registry.attic", "mmg_plugins.attic.trunk", "mmg_plugins.critic"])
def test_a_module_without_a_layer_is_found(module: str) -> None:
    assert homeless({**SMALL, module: ""}) == [module]


@pytest.mark.parametrize("source", ["PLUGIN = 'mmg_plugins.mmg'", "def f(x):\n    'A.'\n    return f'mmg_cli{x}'"])
def test_a_name_of_another_package_is_found(source: str) -> None:
    (found,) = names_of_others({**SMALL, REGISTRY: source})
    assert found.startswith(f"{REGISTRY}: mmg_")
    assert names_of_others({**SMALL, FAMILY: source}) == []


def test_nothing_is_found_in_a_tree_that_keeps_the_rules() -> None:
    tree = {
        **SMALL,
        FAMILY: "from mmg_registry import api",
        "mmg_registry.api": "'As mmg_cli asks.'\nfrom . import errors",
        "mmg_registry.errors": "",
    }
    assert list(imports(tree, "mmg_registry.api")) == ["mmg_registry.errors"]
    assert [rule(tree) for rule in RULES] == [[]] * len(RULES)


CIRCLES = [
    {"a": "from mmg_registry.core import b", "b": "from mmg_registry.core import a"},
    {"a": "import mmg_registry.core.b", "b": "def f():\n    from mmg_registry.core import a"},
    {"a": "from mmg_registry.core import b", "b": "from mmg_registry.core.c import f", "c": "from .a import name"},
]
NO_CIRCLES = [
    {"a": "from mmg_registry.core import b, c", "b": "from mmg_registry.core import c", "c": ""},
    {"a": "from mmg_registry.core import b", "b": "if TYPE_CHECKING:\n    from mmg_registry.core import a"},
]


def in_core(tree: Tree) -> Tree:
    return {f"mmg_registry.core.{name}": source for name, source in tree.items()}


@pytest.mark.parametrize("tree", CIRCLES)
def test_modules_that_import_each_other_are_found(tree: Tree) -> None:
    assert circular(in_core(tree)) == sorted(in_core(tree))


@pytest.mark.parametrize("tree", NO_CIRCLES)
def test_no_circle_is_found_where_there_is_none(tree: Tree) -> None:
    assert circular(in_core(tree)) == []


@pytest.mark.parametrize("source", ["import numpy", "def plugins():\n    import mmg_plugins, torch"])
def test_a_heavy_import_at_listing_is_found(source: str, tmp_path: Path) -> None:
    for package, content in {"mmg_registry": source, "mmg_plugins": "", "numpy": "", "torch": ""}.items():
        (tmp_path / package).mkdir()
        (tmp_path / package / "__init__.py").write_text(content)
    code = "import mmg_registry; getattr(mmg_registry, 'plugins', int)()"
    assert heavy(code, tmp_path) == [name for name in HEAVY if name in source]
