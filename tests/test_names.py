"""No name has two meanings.

A class, a type alias and a threshold are defined once, and so is whatever another module imports.
"""

from __future__ import annotations

import ast
from collections import defaultdict
from collections.abc import Iterator, Mapping
from pathlib import Path

import pytest
from places import ROOT

FOLDERS = {"mmg_registry": ROOT, "mmg_plugins": ROOT / "plugins", "mmg_cli": ROOT / "cli", "benchmarks": ROOT}

# Names that stand twice, each with the reason why that misleads nobody.
TWINS = {
    "execute": "does what was asked for: the job of a command, or the runs of a benchmark",
    "mmse_gap": "one op, dispatched to the compiled core, and in plain torch; and the one that benchmarks compare with",
    "run": "makes what its module is named after: an estimate or a bound; in the command line, the program",
    "train": "trains what its module is named after: denoisers, decoders, critics of a bound, any learner",
    "write_plot": "the plot of an estimate, and that of a bound",
    "Row": "an entry of a benchmark's results",
    "Reader": "one alias, where files are read and where hooks are declared, which import nothing of the other",
    "read": "reads a pair; for users, with the readers of hook plugins too",
    "Asked": "what a person asked for: of a file, or of an estimate",
    "asked_for": "the same",
}

TRAINED_BY = (
    *("mmg_registry.preprocess", "mmg_registry.training", "mmg_registry.diffusion"),
    *("mmg_plugins.mmg.parts", "mmg_plugins.mmg.thresholds", "mmg_plugins.neural", "mmg_plugins.baselines"),
)

Tree = Mapping[str, str]  # sources by the names of their modules


def sources() -> dict[str, str]:
    """Return the sources of all modules by their names."""
    files = [(root, path) for package, root in FOLDERS.items() for path in sorted((root / package).rglob("*.py"))]
    return {name_of(path.relative_to(root)): path.read_text(encoding="utf-8") for root, path in files}


def name_of(path: Path) -> str:
    return ".".join(path.with_suffix("").parts).removesuffix(".__init__")


def defined(source: str) -> Iterator[str]:
    """Yield the public names that a module defines at its top: classes, functions, aliases and constants."""
    for node in ast.parse(source).body:
        names: list[str] = []
        if isinstance(node, (ast.ClassDef, ast.FunctionDef)):
            names = [node.name]
        elif isinstance(node, (ast.Assign, ast.AnnAssign)):
            targets = node.targets if isinstance(node, ast.Assign) else [node.target]
            names = [each.id for target in targets for each in ast.walk(target) if isinstance(each, ast.Name)]
        yield from (name for name in names if not name.startswith("_"))


def imported(source: str) -> Iterator[tuple[str, str]]:
    """Yield what a module imports by name, as (module, name)."""
    for node in ast.walk(ast.parse(source)):
        if isinstance(node, ast.ImportFrom) and node.module:
            yield from ((node.module, each.name) for each in node.names)


def homes(tree: Tree) -> dict[str, set[str]]:
    """Return the modules that define each name."""
    found: dict[str, set[str]] = defaultdict(set)
    for module, source in tree.items():
        for name in defined(source):
            found[name].add(module)
    return found


def twins(tree: Tree) -> list[str]:
    """Find names with two homes: of types, of thresholds, and those that other modules import from both homes."""
    used = {pair for source in tree.values() for pair in imported(source)}
    return sorted(
        f"{name}: {', '.join(sorted(places))}"
        for name, places in homes(tree).items()
        if name not in TWINS
        and len(places) > 1
        and (is_type(name) or is_threshold(name, places) or sum((place, name) in used for place in places) > 1)
    )


def is_type(name: str) -> bool:
    return name[:1].isupper() and not name.isupper()


def is_threshold(name: str, places: set[str]) -> bool:
    """Say whether `name` is a constant of two modules that estimators are trained or judged by."""
    return name.isupper() and sum(place.startswith(TRAINED_BY) for place in places) > 1


def test_no_name_has_two_meanings() -> None:
    assert twins(sources()) == []


def test_every_twin_that_is_allowed_is_there() -> None:
    """So that the list shrinks."""
    assert {name for name, places in homes(sources()).items() if len(places) > 1} >= set(TWINS)


@pytest.mark.parametrize(
    ("tree", "found"),
    [
        ({"a": "class Run: ...", "b": "Run = int"}, ["Run: a, b"]),
        ({"a": "MOST = 1", "b": "MOST = 2", "c": "from a import MOST\nfrom b import MOST as other"}, ["MOST: a, b"]),
        ({"a": "MOST = 1", "b": "MOST = 2", "c": "from a import MOST"}, []),
        (
            dict.fromkeys(("mmg_registry.training.loop", "mmg_plugins.neural"), "MOST = 1"),
            ["MOST: mmg_plugins.neural, mmg_registry.training.loop"],
        ),
        ({"a": "def _f(): ...", "b": "def _f(): ..."}, []),
        ({"a": "class Run: ...", "b": "from a import Run"}, []),
    ],
)
def test_a_name_with_two_meanings_is_found(tree: Tree, found: list[str]) -> None:
    assert twins(tree) == found
