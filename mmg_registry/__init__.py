"""Mutual-information estimators behind one registry.

>>> import mmg_registry as mmg
>>> isinstance(mmg.plugins(), list)
True

Every name is imported on first use: `import mmg_registry` alone loads neither NumPy, torch, pydantic nor any plugin,
so listing plugins and printing help stay fast.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    __version__: str
    from mmg_registry.allpairs.answer import pairs as pairs
    from mmg_registry.api import estimate as estimate
    from mmg_registry.api import read as read
    from mmg_registry.bounds.contract import BoundEstimator as BoundEstimator
    from mmg_registry.bounds.contract import JointModel as JointModel
    from mmg_registry.bounds.contract import MarginalModel as MarginalModel
    from mmg_registry.bounds.result import Bound as Bound
    from mmg_registry.bounds.run import bound as bound
    from mmg_registry.comparison.answer import compare as compare
    from mmg_registry.contracts import Estimator as Estimator
    from mmg_registry.contracts import Options as Options
    from mmg_registry.contracts import Progress as Progress
    from mmg_registry.contracts import Run as Run
    from mmg_registry.data.pair import Pair as Pair
    from mmg_registry.data.reading.options import TextOptions as TextOptions
    from mmg_registry.entropies.contract import EntropyEstimator as EntropyEstimator
    from mmg_registry.entropies.divergence import divergence as divergence
    from mmg_registry.entropies.entropy import entropy as entropy
    from mmg_registry.errors import BiasWarning as BiasWarning
    from mmg_registry.errors import DataWarning as DataWarning
    from mmg_registry.errors import IntervalWarning as IntervalWarning
    from mmg_registry.errors import MMGWarning as MMGWarning
    from mmg_registry.errors import TrainingWarning as TrainingWarning
    from mmg_registry.hooks import hookimpl as hookimpl
    from mmg_registry.models.saved import load_model as load_model
    from mmg_registry.models.saved import save_model as save_model
    from mmg_registry.multivariate.interactions import interactions as interactions
    from mmg_registry.pointwise.pmi import pmi as pmi
    from mmg_registry.quantity import Quantity as Quantity
    from mmg_registry.ranking.answer import rank as rank
    from mmg_registry.registry import load_plugin as load_plugin
    from mmg_registry.registry import records as plugins
    from mmg_registry.registry import register as register
    from mmg_registry.results import Estimate as Estimate
    from mmg_registry.results import Pointwise as Pointwise
    from mmg_registry.series.questions import active_storage as active_storage
    from mmg_registry.series.questions import lags as lags
    from mmg_registry.series.questions import network as network
    from mmg_registry.series.questions import transfer as transfer
    from mmg_registry.significance.answer import independence_test as test
    from mmg_registry.storage import load as load
    from mmg_registry.storage import save as save

_EXPORTS = {
    "estimate": ("mmg_registry.api", "estimate"),
    "read": ("mmg_registry.api", "read"),
    "bound": ("mmg_registry.bounds.run", "bound"),
    "entropy": ("mmg_registry.entropies.entropy", "entropy"),
    "compare": ("mmg_registry.comparison.answer", "compare"),
    "divergence": ("mmg_registry.entropies.divergence", "divergence"),
    "pairs": ("mmg_registry.allpairs.answer", "pairs"),
    "interactions": ("mmg_registry.multivariate.interactions", "interactions"),
    "plugins": ("mmg_registry.registry", "records"),
    "load_plugin": ("mmg_registry.registry", "load_plugin"),
    "register": ("mmg_registry.registry", "register"),
    "test": ("mmg_registry.significance.answer", "independence_test"),
    "Estimate": ("mmg_registry.results", "Estimate"),
    "Pointwise": ("mmg_registry.results", "Pointwise"),
    "pmi": ("mmg_registry.pointwise.pmi", "pmi"),
    "Quantity": ("mmg_registry.quantity", "Quantity"),
    "Estimator": ("mmg_registry.contracts", "Estimator"),
    "Options": ("mmg_registry.contracts", "Options"),
    "Pair": ("mmg_registry.data.pair", "Pair"),
    "TextOptions": ("mmg_registry.data.reading.options", "TextOptions"),
    "BiasWarning": ("mmg_registry.errors", "BiasWarning"),
    "DataWarning": ("mmg_registry.errors", "DataWarning"),
    "IntervalWarning": ("mmg_registry.errors", "IntervalWarning"),
    "MMGWarning": ("mmg_registry.errors", "MMGWarning"),
    "TrainingWarning": ("mmg_registry.errors", "TrainingWarning"),
    "Run": ("mmg_registry.contracts", "Run"),
    "Progress": ("mmg_registry.contracts", "Progress"),
    "hookimpl": ("mmg_registry.hooks", "hookimpl"),
    "Bound": ("mmg_registry.bounds.result", "Bound"),
    "BoundEstimator": ("mmg_registry.bounds.contract", "BoundEstimator"),
    "EntropyEstimator": ("mmg_registry.entropies.contract", "EntropyEstimator"),
    "JointModel": ("mmg_registry.bounds.contract", "JointModel"),
    "MarginalModel": ("mmg_registry.bounds.contract", "MarginalModel"),
    "load_model": ("mmg_registry.models.saved", "load_model"),
    "save_model": ("mmg_registry.models.saved", "save_model"),
    "active_storage": ("mmg_registry.series.questions", "active_storage"),
    "lags": ("mmg_registry.series.questions", "lags"),
    "network": ("mmg_registry.series.questions", "network"),
    "transfer": ("mmg_registry.series.questions", "transfer"),
    "rank": ("mmg_registry.ranking.answer", "rank"),
    "save": ("mmg_registry.storage", "save"),
    "load": ("mmg_registry.storage", "load"),
}

__all__ = [
    "BiasWarning",
    "Bound",
    "BoundEstimator",
    "DataWarning",
    "EntropyEstimator",
    "Estimate",
    "Estimator",
    "IntervalWarning",
    "JointModel",
    "MMGWarning",
    "MarginalModel",
    "Options",
    "Pair",
    "Pointwise",
    "Progress",
    "Quantity",
    "Run",
    "TextOptions",
    "TrainingWarning",
    "__version__",
    "active_storage",
    "bound",
    "compare",
    "divergence",
    "entropy",
    "estimate",
    "hookimpl",
    "interactions",
    "lags",
    "load",
    "load_model",
    "load_plugin",
    "network",
    "pairs",
    "plugins",
    "pmi",
    "rank",
    "read",
    "register",
    "save",
    "save_model",
    "test",
    "transfer",
]


def __getattr__(name: str) -> Any:
    from importlib import import_module

    if name == "__version__":
        return import_module("mmg_registry.entry_points").home_version()
    if name not in _EXPORTS:
        raise AttributeError(f"module 'mmg_registry' has no attribute {name!r}")
    module, attribute = _EXPORTS[name]
    return getattr(import_module(module), attribute)


def __dir__() -> list[str]:
    return sorted(__all__)
