"""What is called exact or infinite of a sample holds in all rows, or is refused."""

from __future__ import annotations

from dataclasses import replace
from functools import partial

import numpy as np
import pytest

from mmg_registry.arrays import F64
from mmg_registry.data import clean
from mmg_registry.data.pair import as_pair, sampled, with_given
from mmg_registry.data.whole import Whole
from mmg_registry.errors import DataError

N, SIZE = 5_000, 200
RNG = np.random.default_rng(0)
X, E = RNG.standard_normal((2, N))


def _broken(values: F64) -> F64:
    """Return values that are others in half of the rows that are not drawn, and in no row that is."""
    kept = sampled(as_pair(values, values), SIZE, 0).places
    others = np.setdiff1d(np.arange(N), kept)[::2]
    found = values.copy()
    found[others] = E[others]
    return found


@pytest.mark.parametrize("y", [2 * X + 1, np.exp(X)], ids=["line", "curve"])
def test_what_holds_in_all_rows_is_infinite(y: F64) -> None:
    found = clean(sampled(as_pair(X, y), SIZE, 0))
    assert found.verdict == "infinite"


@pytest.mark.parametrize(
    ("y", "what"),
    [
        (_broken(2 * X + 1), "is a linear function of the other side"),
        (_broken(np.exp(X)), "in the same or opposite order"),
        (_broken(np.zeros(N)), "y is constant"),
    ],
)
def test_what_holds_in_the_sample_alone_is_refused(y: F64, what: str) -> None:
    with pytest.raises(DataError, match=f"{what} in the 200 rows that were drawn, but not in all"):
        clean(sampled(as_pair(X, y), SIZE, 0))


def test_a_constant_of_all_rows_is_independent() -> None:
    assert clean(sampled(as_pair(X, np.ones(N)), SIZE, 0)).verdict == "independent-by-constant"


def test_columns_left_out_are_left_out_of_all_rows() -> None:
    x = np.column_stack([np.ones(N), X, E])
    found = clean(sampled(as_pair(x, np.exp(E)), SIZE, 0))
    assert found.verdict == "infinite"
    assert found.pair.whole is not None
    assert next(found.pair.whole.blocks()).x.shape == (N, 2)


def test_labels_of_a_block_have_the_codes_of_the_sample() -> None:
    drawn = as_pair(X[:SIZE], ["b"] * SIZE)
    for label, same in (("b", True), ("c", False)):  # both have the code 0 where they stand alone
        blocks = partial(iter, [as_pair(X, [label] * N)])
        pair = replace(drawn, whole=Whole(N, 0, blocks))
        if same:
            assert clean(pair).verdict == "independent-by-constant"
        else:
            with pytest.raises(DataError, match="but not in all"):
                clean(pair)


def test_what_is_given_proves_nothing_of_a_sample() -> None:
    pair = sampled(with_given(as_pair(X, E), 2 * X), SIZE, 0)
    with pytest.raises(DataError, match="a sample does not prove it"):
        clean(pair)
