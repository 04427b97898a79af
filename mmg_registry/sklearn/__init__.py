"""Estimators of scikit-learn: information as something to fit, to cross-validate, and to select features by.

rows      X and y as scikit-learn hands them over, checked as its own estimators check them
scores    `mi_score`, a `score_func` of scikit-learn's selectors
measure   `MIEstimator`, which measures I(X; y)
selector  `MISelector`, which keeps the features that tell most of y
"""

try:
    from sklearn.utils.validation import validate_data  # noqa: F401 - the newest of what is imported here
except ImportError as error:
    raise ImportError(
        "mmg_registry.sklearn needs scikit-learn 1.6 or later: pip install 'mmg-registry[sklearn]' brings it."
    ) from error

from mmg_registry.sklearn.measure import MIEstimator
from mmg_registry.sklearn.scores import mi_score
from mmg_registry.sklearn.selector import MISelector

__all__ = ["MIEstimator", "MISelector", "mi_score"]
