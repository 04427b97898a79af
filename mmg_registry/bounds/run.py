"""From a model to a `Bound`: the model's checks, seeds, device and provenance, once for all bounds."""

from __future__ import annotations

import hashlib
import os
import re
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field, replace
from typing import Any

import numpy as np
import torch
from torch import Tensor

from mmg_registry import registry
from mmg_registry.annealing.path import checked, values
from mmg_registry.api import guarded, versions
from mmg_registry.bounds.checkpoint import Checkpoint
from mmg_registry.bounds.contract import BoundEstimator
from mmg_registry.bounds.result import Bound
from mmg_registry.contracts import Progress, Run
from mmg_registry.errors import DataError, OptionError, PluginError, explain
from mmg_registry.models.built_in import built_in
from mmg_registry.threads import torch_threads

_NEEDED = {"joint": ("log_prior", "log_likelihood"), "marginal": ("log_prior",)}


@dataclass(frozen=True)
class BoundRequest:
    """How to bound; the same choices for every plugin.

    Attributes:
        plugin: name of the bound, or "distribution:name".
        n: how many pairs to draw from the model, where no data are given.
        seed: seed of everything random, the draw of the pairs included.
        threads: of torch, or None for all that this process may use.
        device: "auto" (the CPU), "cpu", "cuda" or "cuda:N".
        ci_level: level of the interval with sampling error.
        options: the plugin's own options.
        progress: called with `Progress`, or None.
        checkpoint: file that keeps the state of the run every 20 seconds, and that the same run goes on from if it is
            there, to the same bits as without a break; deleted at the end. None for no such file.

    Raises:
        OptionError: for a value out of range.
    """

    plugin: str = "ais"
    n: int = 64
    seed: int = 0
    threads: int | None = None
    device: str = "auto"
    ci_level: float = 0.95
    options: Mapping[str, Any] = field(default_factory=dict)
    progress: Callable[[Progress], None] | None = None
    checkpoint: str | None = None

    def __post_init__(self) -> None:
        _demand(self.n >= 2, "n", self.n, "2 or more")
        _demand(self.seed >= 0, "seed", self.seed, "0 or more")
        _demand(self.threads is None or self.threads >= 1, "threads", self.threads, "1 or more")
        _demand(0 < self.ci_level < 1, "ci_level", self.ci_level, "between 0 and 1, e.g. 0.95")
        _demand(re.fullmatch(r"auto|cpu|cuda(:\d+)?", self.device), "device", self.device, "auto, cpu, cuda or cuda:N")
        missing = self.device.startswith("cuda") and not torch.cuda.is_available()
        _demand(not missing, "device", self.device, "cpu here, for torch finds no GPU")


def bound(model: Any, plugin: str = "ais", *, x: Any = None, z: Any = None, **choices: Any) -> Bound:
    """Bound the mutual information I(X; Z) of a model with known densities.

    Args:
        model: a `JointModel` (or `MarginalModel`, where it is enough), any object with its methods, or a built-in name.
            Where x and z are given, it need not `sample`, if it has `sample_prior(n, seed)`.
        plugin: name of the bound.
        x, z: pairs drawn exactly from the model, `(n, data_size)` and `(n, latent_size)`; without them it draws `n`.
        **choices: fields of `BoundRequest` (n, seed, device ..); all others are the plugin's options.

    Raises:
        OptionError: for an unknown or out-of-range option.
        PluginError: when the plugin or the model is broken: NaN, a wrong shape, no gradient.
        DataError: for pairs that the model cannot have drawn.
        MMGError: when the bound fails, e.g. because HMC accepts nothing.

    Example:
        >>> found = bound("linear-gaussian", n=64, temperatures=50, chains=4)
        >>> abs(found.width) < 0.1
        True
    """
    own = {key: choices.pop(key) for key in list(choices) if key in BoundRequest.__dataclass_fields__}
    request = BoundRequest(plugin, **{**own, "options": {**own.get("options", {}), **choices}})
    if (x is None) != (z is None):
        raise OptionError("Give both x and z, or neither.")
    return run(built_in(model) if isinstance(model, str) else model, request, None if x is None else (x, z))


def run(model: Any, request: BoundRequest, data: tuple[Any, Any] | None = None) -> Bound:
    """Check the model, draw or take the pairs, bound, and attach provenance.

    Raises:
        MMGError: see `bound`.
    """
    estimator = registry.load_bound(request.plugin)(run=_run_of(request), **request.options)
    start = time.perf_counter()
    with torch_threads(request.threads):
        model = _placed(_model(model, estimator, data is not None), _device(request))
        x, z = _pairs(model, request, data)
        densities = _check_densities(model, estimator, x, z)
        estimator.checkpoint = _checkpoint(request, estimator, x, z, *densities)
        found = guarded(estimator, lambda: estimator.bound(model, x, z))
    if not isinstance(found, Bound):
        raise PluginError(f"The bound '{estimator.name}' returned {type(found).__name__}, not a Bound.")
    if estimator.checkpoint is not None:
        estimator.checkpoint.remove()
    return replace(
        _sound(found, estimator),
        ci_level=request.ci_level,
        provenance=_provenance(model, estimator, request, x, z, time.perf_counter() - start),
    )


def _run_of(request: BoundRequest) -> Run:
    return Run(request.seed, request.threads or os.cpu_count() or 1, request.device, None, request.progress)


def _device(request: BoundRequest) -> str:
    return "cpu" if request.device == "auto" else request.device


def _checkpoint(request: BoundRequest, estimator: BoundEstimator, *numbers: Tensor) -> Checkpoint | None:
    """The checkpoint of this very run: the same plugin, options, seed, pairs, densities at the pairs, device, torch."""
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
    """`model` itself, an object of it if it is a class.

    Raises:
        PluginError: when it lacks what the bound needs.
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


def _placed(model: Any, device: str) -> Any:
    return model.to(device) if device != "cpu" and hasattr(model, "to") else model


def _pairs(model: Any, request: BoundRequest, data: tuple[Any, Any] | None) -> tuple[Tensor, Tensor]:
    """x and z as tensors with as many rows, in the dtype that the model draws."""
    x, z = _drawn(model, request.n, request.seed) if data is None else _given(model, request.seed, data)
    for name, side in (("x", x), ("z", z)):
        if not bool(side.isfinite().all()):
            raise DataError(f"The pairs hold NaN or infinity in {name}.")
    if len(x) != len(z) or len(x) < 2:
        raise DataError(f"There are {len(x)} rows of x and {len(z)} of z; as many of both are needed, 2 or more.")
    device = _device(request)
    return x.to(device), z.to(device)


def _given(model: Any, seed: int, data: tuple[Any, Any]) -> tuple[Tensor, Tensor]:
    """The given pairs, as the model would have drawn them; what it does not draw itself is taken as it is."""
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
    """x, z and the densities there, checked for shapes, NaN, and zeros, which the model's own pairs cannot have."""
    parts: dict[str, tuple[Tensor, ...]] = {"log_prior": (z,)}
    if estimator.needs == "joint":
        parts["log_likelihood"] = (x, z)
    seen = [x, z]
    for name, rows in parts.items():
        with torch.no_grad():
            found = checked(values(getattr(model, name), *rows), name)
        seen.append(found)
        zeros = int(found.isneginf().sum())
        if zeros:
            raise DataError(f"The supports do not match: the model's {name} is -inf at {zeros} of {len(found)} pairs.")
    return tuple(seen)


def _sound(found: Bound, estimator: BoundEstimator) -> Bound:
    """No NaN leaves as a bound; -inf and inf are bounds that say nothing."""
    for side in (found.lower, found.upper):
        if side is not None and side != side:
            raise PluginError(f"The bound '{estimator.name}' returned NaN, so there is no bound.")
    return found


def _provenance(
    model: Any, estimator: BoundEstimator, request: BoundRequest, x: Tensor, z: Tensor, seconds: float
) -> dict[str, Any]:
    record = registry.record_of(type(estimator))
    plugin = {"name": record.name, "distribution": record.distribution, "version": record.version}
    sizes = {"n": len(x), "data_size": x.shape[1], "latent_size": z.shape[1]}
    options = estimator.options.model_dump(mode="json")
    head = {"plugin": plugin, "model": type(model).__name__, "options": options, "seed": request.seed, **sizes}
    return {**head, "device": str(x.device), "seconds": seconds, "versions": versions()}


def _demand(condition: Any, name: str, value: Any, allowed: str) -> None:
    if not condition:
        raise OptionError(f"The option '{name}' is {value!r} and must be {allowed}.")
