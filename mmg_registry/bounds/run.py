"""The steps from a model to a `Bound`: checks of the model, seeds, device and provenance, once for all bounds."""

from __future__ import annotations

import hashlib
import time
from dataclasses import fields, replace
from typing import Any

import numpy as np
import torch
from torch import Tensor

from mmg_registry import registry
from mmg_registry.annealing.path import checked_density, density_of
from mmg_registry.bounds.checkpoint import Checkpoint
from mmg_registry.bounds.contract import BoundEstimator
from mmg_registry.bounds.result import Bound
from mmg_registry.contracts import guarded, refuse_unknown
from mmg_registry.devices import torch_device
from mmg_registry.errors import DataError, PluginError, demand, explain, issue
from mmg_registry.models.built_in import built_in
from mmg_registry.progress import listening
from mmg_registry.provenance import RESULT_PACKAGES, versions
from mmg_registry.request import BoundRequest, from_choices, run_of
from mmg_registry.threads import torch_threads

_NEEDED = {"joint": ("log_prior", "log_likelihood"), "marginal": ("log_prior",)}


def bound(model: Any, plugin: str = "ais", *, x: Any = None, z: Any = None, **choices: Any) -> Bound:
    """Bound the mutual information I(X; Z) of a model with known densities.

    Args:
        model: a `JointModel` (or a `MarginalModel`, if the bound needs no more), any object with its methods, or a
            built-in name. With x and z given, `sample_prior(n, seed)` can replace its `sample`.
        plugin: name of the bound.
        x, z: pairs drawn exactly from the model, `(n, data_size)` and `(n, latent_size)`; without them, `n` pairs are
            drawn from the model.
        **choices: fields of `BoundRequest` (n, seed, device ..); every other name is an option of the plugin.

    Returns:
        The bound, in nats.

    Warns:
        MMGWarning: once for each of the result's warnings.

    Raises:
        OptionError: for an unknown or out-of-range option.
        PluginError: when the plugin or the model is broken: NaN, a wrong shape, no gradient.
        DataError: when the pairs cannot come from the model.
        MMGError: when the bound fails, e.g. because HMC accepts no proposal.

    Example:
        >>> found = bound("linear-gaussian", n=64, temperatures=50, chains=4)
        >>> abs(found.width) < 0.1
        True
    """
    request = from_choices(BoundRequest, {"plugin": plugin, **choices})
    known = [each.name for each in fields(BoundRequest)]
    refuse_unknown(registry.load_bound(plugin), request.options, beside=known)
    demand((x is None) == (z is None), "Give both x and z, or neither.")
    with listening(choices.get("progress"), "nats") as listener:
        asked = replace(request, progress=listener)
        found = run(built_in(model) if isinstance(model, str) else model, asked, None if x is None else (x, z))
    issue(found.warnings)
    return found


def run(model: Any, request: BoundRequest, data: tuple[Any, Any] | None = None) -> Bound:
    """Check the model, take the pairs from `data` or draw them, bound, and attach provenance.

    Raises:
        MMGError: or one of its subclasses, in the same cases as `bound`.
    """
    estimator = registry.load_bound(request.plugin)(run=run_of(request), **request.options)
    device = torch_device(request.device)
    start = time.perf_counter()
    with torch_threads(estimator.run.threads):
        model = _placed(_model(model, estimator, data is not None), device)
        x, z = (side.to(device) for side in _pairs(model, request, data))
        densities = _check_densities(model, estimator, x, z)
        estimator.checkpoint = _checkpoint(request, estimator, x, z, *densities)
        found = guarded(estimator, lambda: estimator.bound(model, x, z))
    if not isinstance(found, Bound):
        raise PluginError(f"The bound '{estimator.name}' returned {type(found).__name__}, not a Bound.")
    if estimator.checkpoint is not None:
        estimator.checkpoint.remove()
    known = {**_asked(model, estimator, request.seed), **_sizes(x, z), "device": str(x.device)}
    known |= {"seconds": time.perf_counter() - start, "versions": versions(RESULT_PACKAGES)}
    return replace(_sound(found, estimator), ci_level=request.ci_level, provenance=known)


def _checkpoint(request: BoundRequest, estimator: BoundEstimator, *numbers: Tensor) -> Checkpoint | None:
    """Return the run's checkpoint, identified by plugin, options, seed, pairs, their densities, device and torch."""
    if request.checkpoint is None:
        return None
    digest = hashlib.sha256()
    for each in numbers:
        digest.update(f"{each.dtype} {tuple(each.shape)}".encode() + each.cpu().contiguous().numpy().tobytes())
    record = registry.record_of(type(estimator))
    same = {"plugin": f"{record.distribution}:{record.name} {record.version}", "seed": request.seed}
    about = {"options": estimator.options.model_dump(mode="json"), "pairs or model": digest.hexdigest()}
    return Checkpoint(
        request.checkpoint, {**same, **about, "device": str(numbers[0].device), "torch": torch.__version__}
    )


def _model(model: Any, estimator: BoundEstimator, given: bool) -> Any:
    """Return `model`, or an instance of it if it is a class.

    Raises:
        PluginError: when the model cannot be constructed, or lacks a method that the bound needs.
    """
    if isinstance(model, type):
        try:
            model = model()
        except Exception as error:
            raise PluginError(f"The model {model.__name__} cannot be made ({explain(error)}).") from error
    sources = ("sample", "sample_prior") if given else ("sample",)
    lacking = [name for name in _NEEDED[estimator.needs] if not callable(getattr(model, name, None))]
    if not any(callable(getattr(model, name, None)) for name in sources):
        lacking.append(" or ".join(sources))
    if lacking:
        raise PluginError(
            f"The model {type(model).__name__} lacks {', '.join(lacking)}, which '{estimator.name}' needs."
        )
    return model


def _placed(model: Any, device: torch.device) -> Any:
    return model.to(device) if device.type != "cpu" and hasattr(model, "to") else model


def _pairs(model: Any, request: BoundRequest, data: tuple[Any, Any] | None) -> tuple[Tensor, Tensor]:
    """Return x and z as finite tensors with the same number of rows, in the dtype of the model's own draws."""
    x, z = _drawn(model, request.n, request.seed) if data is None else _given(model, request.seed, data)
    for name, side in (("x", x), ("z", z)):
        if not bool(side.isfinite().all()):
            raise DataError(f"The pairs hold NaN or infinity in {name}.")
    if len(x) != len(z) or len(x) < 2:
        raise DataError(f"There are {len(x)} rows of x and {len(z)} of z; as many of both are needed, 2 or more.")
    return x, z


def _given(model: Any, seed: int, data: tuple[Any, Any]) -> tuple[Tensor, Tensor]:
    """Return the given pairs in the dtype and number of columns that the model draws.

    A model without `sample` draws no x, so x then gets the dtype of z and its columns are not checked.
    """
    known_x, known_z = _drawn(model, 2, seed) if hasattr(model, "sample") else (None, _prior_drawn(model, 2, seed))
    x, z = (
        _like(side, known_z if known is None else known) for side, known in zip(data, (known_x, known_z), strict=True)
    )
    for name, side, known in (("x", x, known_x), ("z", z, known_z)):
        if known is not None and side.shape[1:] != known.shape[1:]:
            raise DataError(f"The data have {side.shape[1]} columns of {name}, and the model {known.shape[1]}.")
    return x, z


def _prior_drawn(model: Any, n: int, seed: int) -> Tensor:
    try:
        z = model.sample_prior(n, seed)
    except Exception as error:
        raise PluginError(f"The model's sample_prior failed ({explain(error)}).") from error
    _demand_rows("sample_prior", "z", z, n)
    found: Tensor = z
    return found


def _drawn(model: Any, n: int, seed: int) -> tuple[Tensor, Tensor]:
    try:
        x, z = model.sample(n, seed)
    except Exception as error:
        raise PluginError(f"The model's sample failed ({explain(error)}).") from error
    for name, side in (("x", x), ("z", z)):
        _demand_rows("sample", name, side, n)
    return x, z


def _demand_rows(method: str, name: str, side: Any, n: int) -> None:
    if not isinstance(side, Tensor) or side.ndim != 2 or len(side) != n:
        got = f"shape {tuple(side.shape)}" if isinstance(side, Tensor) else type(side).__name__
        raise PluginError(f"The model's {method} returned {got} for {name}, not a tensor of {n} rows and columns.")


def _like(side: Any, known: Tensor) -> Tensor:
    array = side if isinstance(side, Tensor) else torch.from_numpy(np.ascontiguousarray(side))
    return (array[:, None] if array.ndim == 1 else array).to(known.dtype)


def _check_densities(model: Any, estimator: BoundEstimator, x: Tensor, z: Tensor) -> tuple[Tensor, ...]:
    """Return x, z and their log densities; refuse wrong shapes, NaN, and pairs with density zero."""
    parts: dict[str, tuple[Tensor, ...]] = {"log_prior": (z,)}
    if estimator.needs == "joint":
        parts["log_likelihood"] = (x, z)
    seen = [x, z]
    for name, rows in parts.items():
        with torch.no_grad():
            found = checked_density(density_of(getattr(model, name), *rows), name)
        seen.append(found)
        zeros = int(found.isneginf().sum())
        if zeros:
            raise DataError(f"The supports do not match: the model's {name} is -inf at {zeros} of {len(found)} pairs.")
    return tuple(seen)


def _sound(found: Bound, estimator: BoundEstimator) -> Bound:
    """Return `found` unless a bound is NaN; -inf and inf are allowed, as bounds without information."""
    for side in (found.lower, found.upper):
        if side is not None and side != side:
            raise PluginError(f"The bound '{estimator.name}' returned NaN, so there is no bound.")
    return found


def _asked(model: Any, estimator: BoundEstimator, seed: int) -> dict[str, Any]:
    record = registry.record_of(type(estimator))
    plugin = {"name": record.name, "distribution": record.distribution, "version": record.version}
    options = estimator.options.model_dump(mode="json")
    return {"plugin": plugin, "model": type(model).__name__, "options": options, "seed": seed}


def _sizes(x: Tensor, z: Tensor) -> dict[str, int]:
    return {"n": len(x), "data_size": x.shape[1], "latent_size": z.shape[1]}
