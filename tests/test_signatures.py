"""No function takes more than seven arguments, and no estimator overrides more than three methods of another."""

from __future__ import annotations

import ast
import inspect
from collections.abc import Iterator
from pathlib import Path

import pytest

from mmg_registry.contracts import Estimator
from mmg_registry.registry import load_plugin, records

ROOT = Path(__file__).parents[1]
SOURCES = {
    str(path.relative_to(ROOT)): path.read_text(encoding="utf-8")
    for folder in ("mmg_registry", "plugins", "cli")
    for path in sorted((ROOT / folder).rglob("*.py"))
}
MOST = 7
TO_BE_MENDED: tuple[str, ...] = ()
Function = (ast.FunctionDef, ast.AsyncFunctionDef)


def crowded(path: str, source: str) -> Iterator[str]:
    """Functions of `source` that take more than `MOST` arguments and are no schema, as "path:name"."""
    for node in ast.walk(ast.parse(source)):
        if isinstance(node, Function) and _count(node.args) > MOST and not _is_command(node) and not _is_flat(node):
            yield f"{path}:{node.name}"


def _count(given: ast.arguments) -> int:
    """All arguments but that of the object or class itself; a star counts as one."""
    named = [each.arg for each in [*given.posonlyargs, *given.args, *given.kwonlyargs]]
    itself = named[:1] in (["self"], ["cls"])
    return len(named) - itself + (given.vararg is not None) + (given.kwarg is not None)


def _is_command(node: ast.FunctionDef | ast.AsyncFunctionDef) -> bool:
    """Whether the arguments are a command line's: some are annotated as an option or an argument of one."""
    annotations = [ast.unparse(each.annotation) for each in node.args.args if each.annotation is not None]
    return any("typer.Option" in text or "typer.Argument" in text for text in annotations)


def _is_flat(node: ast.FunctionDef | ast.AsyncFunctionDef) -> bool:
    """Whether it is an op's flat implementation: torch.library's schema types its arguments, so none is annotated."""
    return not any(each.annotation for each in node.args.args)


@pytest.mark.parametrize("path", SOURCES)
def test_no_function_takes_more_than_seven_arguments(path: str) -> None:
    assert set(crowded(path, SOURCES[path])) <= set(TO_BE_MENDED)


def test_what_is_to_be_mended_is_still_crowded() -> None:
    """So that the list shrinks."""
    assert set(TO_BE_MENDED) <= {name for path, source in SOURCES.items() for name in crowded(path, source)}


EIGHT = ", ".join(f"{name}: int" for name in "abcdefgh")


@pytest.mark.parametrize(
    "source",
    [
        f"def f({EIGHT}): pass",
        f"class A:\n    def f(self, {EIGHT}): pass",
        "def f(a: int, b: int, c: int, *, d: int, e: int, f: int, g: int, h: int): pass",
        "def f(a: int, b: int, c: int, d: int, e: int, f: int, *g: int, **h: int): pass",
        f"def outer():\n    async def f({EIGHT}): pass",
    ],
)
def test_crowded_functions_are_seen(source: str) -> None:
    assert list(crowded("m.py", source)) == ["m.py:f"]


COMMAND = ", ".join(f"{name}: Annotated[int, typer.Option()] = 1" for name in "abcdefgh")


@pytest.mark.parametrize(
    "source",
    [
        "def f(a: int, b: int, c: int, d: int, e: int, f: int, g: int): pass",
        "class A:\n    def f(self, a: int, b: int, c: int, d: int, e: int, f: int, g: int): pass",
        f"def f(context: typer.Context, {COMMAND}): pass",
        "def f(a, b, c, d, e, f, g, h): pass",
    ],
)
def test_seven_arguments_and_schemas_pass(source: str) -> None:
    assert list(crowded("m.py", source)) == []


# --- Overriding -----------------------------------------------------------------------------------------------------
ESTIMATORS = sorted({load_plugin(record.name) for record in records() if record.origin == "built-in"}, key=repr)


def overridden(cls: type) -> set[str]:
    """Return the methods that `cls` has in place of those of other estimators, the contract itself aside."""
    others = [base for base in cls.__mro__[1:] if issubclass(base, Estimator) and base is not Estimator]
    own = {name for name, value in vars(cls).items() if inspect.isfunction(value)}
    return {name for name in own if any(name in vars(base) for base in others)}


@pytest.mark.parametrize("cls", ESTIMATORS, ids=lambda cls: cls.name)
def test_no_estimator_overrides_more_than_three_methods_of_another(cls: type) -> None:
    assert len(overridden(cls)) <= 3


def test_overriding_is_seen() -> None:
    class Base(Estimator):
        def fit(self, x, y): ...
        def estimate(self, x, y): ...
        def more(self): ...

    class Derived(Base):
        def fit(self, x, y): ...
        def more(self): ...
        def own(self): ...

    assert overridden(Derived) == {"fit", "more"}
    assert overridden(Base) == set()
