"""Student pairs: their margins, and the scale that they share."""

from __future__ import annotations

import numpy as np
import pytest
from scipy import stats

from mmg_registry import samplers
from mmg_registry.errors import OptionError
from mmg_registry.samplers import SAMPLERS


def test_student_coordinates_share_one_scale() -> None:
    x, y = SAMPLERS["student-identity-2-2-2"].sample(20_000)
    assert stats.kstest(x[:, 0], stats.t(2).cdf).pvalue > 1e-4
    assert stats.spearmanr(np.abs(x[:, 0]), np.abs(y[:, 0])).statistic > 0.1


def test_independent_students_share_a_scale_within_a_side_only() -> None:
    x, y = samplers.independent_student(2, 2).sample(20_000)
    assert stats.kstest(y[:, 0], stats.t(2).cdf).pvalue > 1e-4
    assert stats.spearmanr(np.abs(y[:, 0]), np.abs(y[:, 1])).statistic > 0.1
    assert abs(stats.spearmanr(np.abs(x[:, 0]), np.abs(y[:, 0])).statistic) < 0.03


def test_no_degrees_of_freedom_are_refused() -> None:
    with pytest.raises(OptionError, match="degrees of freedom"):
        samplers.student(1, 0)
