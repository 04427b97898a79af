"""What stands in the way of one fit."""

from __future__ import annotations

import numpy as np
import pytest

import mmg_registry as mmg
from mmg_registry.errors import DataError


@pytest.mark.parametrize("plugin", ["mine", "auto"])
def test_a_rare_label_of_which_no_row_is_fitted_is_named(plugin: str) -> None:
    x, rare = np.random.default_rng(0).standard_normal(60), np.arange(60) == 7
    for pair, side in (((x, rare), "y"), ((rare, x), "x")):
        with pytest.raises(DataError, match=f"no column of {side} varies in the 48 rows that are fitted"):
            mmg.estimate(*pair, plugin=plugin, seed=7, cross_fit=5, steps=20)
