"""The quick test under a name that causal-learn's searches (PC, FCI, CD-NOD) take as `indep_test`."""

from __future__ import annotations

from typing import Any

from mmg_registry.integrations.asking import ask, package
from mmg_registry.request import Request
from mmg_registry.significance.evaluated import SCORES


def register(name: str = "mmg", permutations: int = SCORES, seed: int = 0) -> None:
    """Register the quick test in causal-learn: afterwards `pc(data, indep_test=name)` asks it.

    Args:
        name: under which causal-learn knows it.
        permutations: exchanges of rows at most.
        seed: of the exchanges.

    Raises:
        OptionError: where causal-learn is not installed, or a value is out of range.
    """
    cit = package("causallearn.utils.cit", "causal-learn")
    request = Request(seed=seed)

    class QuickTest(cit.CIT_Base):  # type: ignore[misc, name-defined]
        """The quick test of columns of a table `(n, columns)`; causal-learn calls it with their places."""

        def __init__(self, data: Any, **options: Any) -> None:
            super().__init__(data, **options)
            self.check_cache_method_consistent(name, f"permutations={permutations}, seed={seed}")
            self.assert_input_data_is_valid()

        def __call__(self, x: Any, y: Any, given: Any = None) -> float:
            xs, ys, zs, key = self.get_formatted_XYZ_and_cachekey(x, y, given)
            if key not in self.pvalue_cache:
                of_x, of_y, of_z = (self.data[:, places] for places in (xs, ys, zs))
                self.pvalue_cache[key] = ask(of_x, of_y, of_z, request, permutations).p.value
            return float(self.pvalue_cache[key])

    cit.register_ci_test(name, QuickTest)
