"""The quick test as tigramite's `CondIndTest`, for PCMCI and its kin."""

from __future__ import annotations

from typing import Any

import numpy as np

from mmg_registry.integrations.asking import ask, package
from mmg_registry.request import Request
from mmg_registry.significance.evaluated import SCORES


def quick_test(permutations: int = SCORES, seed: int = 0, **options: Any) -> Any:
    """Return the quick test as an object of tigramite: `PCMCI(dataframe, cond_ind_test=quick_test())`.

    Its value is the statistic of the test, the larger the surer.

    Args:
        permutations: exchanges of rows at most.
        seed: of the exchanges.
        **options: of tigramite's `CondIndTest`, such as `mask_type`.

    Raises:
        OptionError: where tigramite is not installed, or a value is out of range.
    """
    base = package("tigramite.independence_tests.independence_tests_base", "tigramite").CondIndTest
    request = Request(seed=seed)

    class QuickTest(base):  # type: ignore[misc, valid-type]
        """The quick test of rows of `array` `(dim, n)`, of which `xyz` says whether they are x (0), y (1) or z (2)."""

        measure = "mmg_quick"
        two_sided = False
        residual_based = False

        def get_dependence_measure(self, array: Any, xyz: Any, data_type: Any = None) -> float:
            x, y, z = (np.ascontiguousarray(array[xyz == side].T) for side in range(3))
            found = ask(x, y, z, request, permutations)
            self.p_of_last = found.p.value
            return found.statistic

        def get_shuffle_significance(self, array: Any, xyz: Any, value: float, **_: Any) -> float:
            return float(self.p_of_last)  # tigramite asks for it right after the value of the same rows

    return QuickTest(significance="shuffle_test", seed=seed, **options)
