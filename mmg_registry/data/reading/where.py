"""Rows by a condition: "age > 30 and site == 'B'", in pandas' way of writing, without running any code.

The condition is parsed by Python's grammar, of which only names, constants, comparisons, and/or/not, `in` a list and
arithmetic are known here; everything else is refused. Names with other signs than letters stand in `backticks`.
"""

from __future__ import annotations

import ast
import operator
import re
from collections.abc import Callable, Mapping, Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray

from mmg_registry.data.reading.faults import listed
from mmg_registry.errors import DataError, OptionError

Mask = NDArray[np.bool_]
_LONGEST = 1_000  # characters; a longer one could nest deeper than the parser goes
_MOST = 100  # digits of a constant; Python's own limit would raise elsewhere

_ARITHMETIC: dict[type, Callable[[Any, Any], Any]] = {
    ast.Add: operator.add,
    ast.Sub: operator.sub,
    ast.Mult: operator.mul,
    ast.Div: operator.truediv,
    ast.FloorDiv: operator.floordiv,
    ast.Mod: operator.mod,
    ast.Pow: operator.pow,
}
_COMPARISONS: dict[type, Callable[[Any, Any], Any]] = {
    ast.Eq: operator.eq,
    ast.NotEq: operator.ne,
    ast.Lt: operator.lt,
    ast.LtE: operator.le,
    ast.Gt: operator.gt,
    ast.GtE: operator.ge,
}


class Condition:
    """A condition on the columns of a table.

    Attributes:
        text: as written.
        names: the columns it needs.

    Raises:
        OptionError: for what is no condition, naming --where.

    Example:
        >>> Condition("a > 1 and b in ['u', 'v']").names
        ['a', 'b']
    """

    def __init__(self, text: str) -> None:
        self.text, self._quoted = text, dict[str, str]()
        self._tree = self._parsed()
        nodes = [node for node in ast.walk(self._tree) if isinstance(node, ast.Name)]
        self.names = list(dict.fromkeys(self._name(node) for node in nodes))
        if not self.names:
            raise self._refused("it names no column")

    def _parsed(self) -> ast.expr:
        if len(self.text) > _LONGEST:
            raise self._refused(f"it is longer than {_LONGEST} characters")
        plain = re.sub(r"`([^`]+)`", self._keep, self.text.strip())
        try:
            tree = ast.parse(plain, mode="eval").body
        except (SyntaxError, ValueError, MemoryError, RecursionError) as error:
            raise self._refused(f"it is no condition ({getattr(error, 'msg', error)})") from error
        for node in ast.walk(tree):
            self._admit(node)
        return tree

    def _keep(self, match: re.Match[str]) -> str:
        key = f"column_{len(self._quoted)}__"
        self._quoted[key] = match[1]
        return key

    def _name(self, node: ast.Name) -> str:
        return self._quoted.get(node.id, node.id)

    def _admit(self, node: ast.AST) -> None:
        """Refuse whatever is not on the list."""
        if isinstance(node, ast.Constant) and not isinstance(node.value, (str, int, float, bool)):
            raise self._refused(f"{node.value!r:.20} is no value to compare with")
        if isinstance(node, ast.Constant) and type(node.value) is int and len(str(node.value)) > _MOST:
            raise self._refused("it holds a number of too many digits")
        if not isinstance(node, _ADMITTED):
            raise self._refused(f"{_WORDS.get(type(node), type(node).__name__)} may not stand in it")

    def _refused(self, why: str) -> OptionError:
        return OptionError(f"--where '{self.text[:80]}' cannot be used: {why}; write it as age > 30 and site == 'B'.")

    def mask(self, columns: Mapping[str, NDArray[Any]]) -> Mask:
        """Return which rows fulfil the condition; a missing value fulfils no comparison.

        Raises:
            DataError: when it compares what cannot be compared, or gives no yes or no.
        """
        n = len(next(iter(columns.values())))
        try:
            with np.errstate(all="ignore"):
                found = np.asarray(self._value(self._tree, columns))
        except (TypeError, ValueError, ArithmeticError) as error:
            raise DataError(f"--where '{self.text[:80]}' compares text with numbers, or lists ({error})") from error
        if found.dtype == object and set(found.tolist()) <= {True, False, None}:
            found = _truths(found)
        if found.dtype != bool or found.shape != (n,):
            raise DataError(f"--where '{self.text[:80]}' gives no yes or no for each row")
        return found

    def _value(self, node: ast.AST, columns: Mapping[str, Any]) -> Any:
        """Return the value of a part of the condition."""
        if isinstance(node, ast.Constant):
            return node.value
        if isinstance(node, ast.Name):
            return columns[self._name(node)]
        if isinstance(node, (ast.List, ast.Tuple)):
            return [self._value(each, columns) for each in node.elts]
        if isinstance(node, ast.UnaryOp):
            return self._unary(node, columns)
        if isinstance(node, ast.BinOp):
            return self._binary(node, columns)
        if isinstance(node, ast.BoolOp):
            return self._joined(node, columns)
        return self._compared(node, columns)  # type: ignore[arg-type]

    def _unary(self, node: ast.UnaryOp, columns: Mapping[str, Any]) -> Any:
        value = self._value(node.operand, columns)
        return ~_truths(value) if isinstance(node.op, (ast.Not, ast.Invert)) else -value

    def _binary(self, node: ast.BinOp, columns: Mapping[str, Any]) -> Any:
        left, right = (self._value(each, columns) for each in (node.left, node.right))
        if isinstance(node.op, (ast.BitAnd, ast.BitOr)):
            return (operator.and_ if isinstance(node.op, ast.BitAnd) else operator.or_)(_truths(left), _truths(right))
        return _ARITHMETIC[type(node.op)](_number(left), _number(right))

    def _joined(self, node: ast.BoolOp, columns: Mapping[str, Any]) -> Mask:
        found = [_truths(self._value(each, columns)) for each in node.values]
        return _reduced(np.logical_and if isinstance(node.op, ast.And) else np.logical_or, found)

    def _compared(self, node: ast.Compare, columns: Mapping[str, Any]) -> Mask:
        """Return a comparison, or a chain of them: 1 < a < 2."""
        values = [self._value(each, columns) for each in (node.left, *node.comparators)]
        steps = zip(node.ops, values, values[1:], strict=False)
        return _reduced(np.logical_and, [_step(op, left, right) for op, left, right in steps])


_ADMITTED = (
    ast.Constant, ast.Name, ast.Load, ast.List, ast.Tuple, ast.UnaryOp, ast.Not, ast.Invert, ast.USub, ast.BinOp,
    ast.BitAnd, ast.BitOr, ast.BoolOp, ast.And, ast.Or, ast.Compare, ast.In, ast.NotIn,
    *_ARITHMETIC, *_COMPARISONS,
)  # fmt: skip
_WORDS = {ast.Call: "a call", ast.Attribute: "an attribute", ast.Subscript: "an index", ast.Lambda: "a function"}


def _reduced(join: np.ufunc, found: list[Mask]) -> Mask:
    return np.asarray(join.reduce(found), dtype=bool)


def _truths(value: Any) -> Mask:
    array = np.asarray(value)
    if array.dtype == object and all(each is None or isinstance(each, bool) for each in array.ravel()):
        array = np.array([bool(each) for each in array.ravel()])
    if array.dtype != bool:
        raise TypeError("and, or, not take comparisons")
    return array


def _number(value: Any) -> Any:
    array = np.asarray(value)
    if array.dtype.kind not in "biuf":
        raise TypeError("arithmetic takes numbers")
    return array.astype(np.float64)


def _step(op: ast.cmpop, left: Any, right: Any) -> Mask:
    if isinstance(op, (ast.In, ast.NotIn)):
        found = _reduced(np.logical_or, [_step(ast.Eq(), left, each) for each in list(right)])
        return found if isinstance(op, ast.In) else ~found & ~_gaps(left)
    left, right = _alike(left, right)
    compare, gaps = _COMPARISONS[type(op)], _gaps(left) | _gaps(right)
    if not np.any(gaps):
        return np.asarray(compare(left, right), dtype=bool)
    a, b = np.broadcast_arrays(np.asarray(left), np.asarray(right))
    found = np.zeros(a.shape, dtype=bool)
    found[~gaps] = compare(a[~gaps], b[~gaps])
    return found


def _alike(left: Any, right: Any) -> tuple[Any, Any]:
    """Return both sides comparable: a text beside dates is a date.

    Raises:
        TypeError: for text beside numbers, which would be unequal in every row without a word.
    """
    kinds = [_kind(each) for each in (left, right)]
    if kinds == ["date", "text"]:
        return left, np.asarray(right, dtype="datetime64[us]")
    if kinds == ["text", "date"]:
        return np.asarray(left, dtype="datetime64[us]"), right
    if len({kind for kind in kinds if kind != "any"}) > 1:
        raise TypeError(f"{kinds[0]} and {kinds[1]}")
    return np.asarray(left), np.asarray(right)


def _kind(value: Any) -> str:
    array = np.asarray(value)
    if array.dtype.kind in "biuf":
        return "numbers"
    if array.dtype.kind == "M":
        return "date"
    held: Sequence[Any] = [each for each in array.ravel() if each is not None]
    if all(isinstance(each, str) for each in held):
        return "text" if held else "any"
    return "numbers" if not any(isinstance(each, str) for each in held) else "any"


def _gaps(value: Any) -> Mask:
    array = np.asarray(value)
    if array.dtype.kind == "O":
        return np.array([each is None or each != each for each in array.ravel()], dtype=bool).reshape(array.shape)
    return np.asarray(np.isnat(array) if array.dtype.kind == "M" else array != array)


def missing(condition: Condition, names: Sequence[str]) -> None:
    """Refuse a condition on columns that are not there, or there twice.

    Raises:
        DataError: naming them.
    """
    wrong = [name for name in condition.names if names.count(name) != 1]
    if wrong:
        how = "is not there" if wrong[0] not in names else "stands twice"
        raise DataError(f"the column '{wrong[0]}' of --where {how}; there are {listed(list(names))}")
