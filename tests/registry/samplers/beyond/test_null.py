"""Independent pairs: no information, by counts over a grid of their ranks."""

from __future__ import annotations

import numpy as np
import pytest
from scipy import stats

from mmg_registry.samplers import Sampler
from mmg_registry.samplers.beyond import null


@pytest.mark.parametrize(
    "sampler", [null.zeros(2), null.curves(), null.circle_and_counts()], ids=lambda sampler: sampler.name
)
def test_no_column_tells_of_another_side(sampler: Sampler) -> None:
    assert sampler.true_mi == 0.0
    x, y = sampler.sample(20_000)
    for a in x.T:
        for b in y.T:
            cells = [np.digitize(side, np.unique(np.quantile(side, (0.25, 0.5, 0.75)))) for side in (a, b)]
            table = stats.contingency.crosstab(*cells).count
            assert stats.chi2_contingency(table).pvalue > 1e-4


def test_what_a_side_is_made_of() -> None:
    x, _ = null.zeros(2).sample(20_000)
    assert (x == 0).mean() == pytest.approx(0.5, abs=0.02)
    circle, counts = null.circle_and_counts().sample(5000)
    np.testing.assert_allclose((circle**2).sum(1), 1.0)
    assert stats.spearmanr(*counts.T).statistic > 0.2
