"""Every range is held at both ends, by type as well as by value, and by one sentence."""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import Any

import numpy as np
import pytest

from mmg_registry.errors import OptionError
from mmg_registry.limits import LIMITS, checked, keep

INSIDE: dict[str, list[Any]] = {
    "seed": [0, 2**63 - 1, np.int64(7), np.uint64(2**63 - 1)],
    "threads": [1, 1024, np.int32(2)],
    "plugin": ["auto", "mmg-plugins:ksg", ""],
    "device": ["auto", "cpu", "cuda", "cuda:0", "cuda:99"],
    "max_seconds": [5e-324, 1, 1e9, np.float32(0.5), np.int64(60)],
    "unit": ["nats", "bits"],
    "ci_level": [math.nextafter(0, 1), math.nextafter(1, 0), np.float64(0.5)],
    "cross_fit": [2, 10**9],
    "extrapolate": [3, 10],
    "eval_fraction": [math.nextafter(0, 1), math.nextafter(1, 0)],
    "blocks": ["auto", "none", 1, 10**9, np.int64(50)],
    "drawn": ["all", 10, 10**9, np.int64(50)],
    "n": [2, 10**9],
    **{name: [1, 10**9] for name in ("rows", "n_train", "n_eval", "steps", "permutations")},
    "dim": [1, 10**6],
    "mi": [0, 700.0, np.float32(0.5)],
    **{name: [1, 10**6] for name in ("seeds", "epochs")},
    "jobs": [1, 1024],
    "shifts": [19, 10**6],
    "history": [0, 1_000],
    "degree": [1, 6],
    "latent": [1, 4096],
    "units": [1, 8192],
    "hidden": [(1,), (8192, 1)],
    "model_kind": ["vae", "gan"],
    "variance": [1e-8, 1],
    "noise": [5e-324, 1e300],
    "options": [{}, {"steps": 3}],
    "progress": [print],
}
WHOLE = [True, np.True_, 1.5, 2.0, math.nan, "3", [3]]
REAL = [True, math.nan, math.inf, -math.inf, 10**400, "0.5", [0.5], 1j]
OUTSIDE: dict[str, list[Any]] = {
    "seed": [-1, 2**63, np.uint64(2**63), *WHOLE],
    "threads": [0, 1025, *WHOLE],
    "plugin": [3, None, b"ksg", ["ksg"]],
    "device": ["", "gpu", "CUDA", "cuda:", "cuda:-1", "cuda:100", "cuda:\u0661", "cpu\n", 0, b"cpu"],
    "max_seconds": [0, -1.0, math.nextafter(1e9, math.inf), *REAL],
    "unit": ["bans", "Nats", 1],
    "ci_level": [0, 1, 95, *REAL],
    "cross_fit": [1, 10**9 + 1, *WHOLE],
    "extrapolate": [2, 11, *WHOLE],
    "eval_fraction": [0, 1.0, *REAL],
    "drawn": [9, -1, 10**9 + 1, "auto", "", "1.5", True, 1.5, math.nan, [3], None],
    "blocks": [0, -1, 10**9 + 1, "all", "", "1.5", True, 1.5, math.nan, [3], None],
    "n": [1, 10**9 + 1, *WHOLE],
    **{name: [0, 10**9 + 1, *WHOLE] for name in ("rows", "n_train", "n_eval", "steps", "permutations")},
    "dim": [0, 10**6 + 1, *WHOLE],
    "mi": [-1e-9, *REAL],
    **{name: [0, 10**6 + 1, 2 * 10**12, *WHOLE] for name in ("seeds", "epochs")},
    "jobs": [0, 1025, *WHOLE],
    "shifts": [18, 10**6 + 1, *WHOLE],
    "history": [-1, 1_001, *WHOLE],
    "degree": [0, 7, *WHOLE],
    "latent": [0, 4097, *WHOLE],
    "units": [0, 8193, *WHOLE],
    "hidden": [(), (0,), (8, 8193), (8.0,), 8, "88"],
    "model_kind": ["flow", "VAE", 1],
    "variance": [0, 9e-9, 1.1, *REAL],
    "noise": [0, -1.0, *REAL],
    "options": [3, "steps", [("steps", 3)]],
    "progress": [3, "print"],
}


def test_all_limits_are_tried() -> None:
    assert set(INSIDE) == set(OUTSIDE) == set(LIMITS)


@pytest.mark.parametrize(("name", "value"), [(name, value) for name in INSIDE for value in INSIDE[name]])
def test_a_value_in_range_becomes_a_plain_one(name: str, value: Any) -> None:
    found = checked(name, value)
    assert found == value
    assert type(found) in (int, float, str) or name in ("hidden", "options", "progress")


@pytest.mark.parametrize(("name", "value"), [(name, value) for name in OUTSIDE for value in OUTSIDE[name]])
def test_a_value_out_of_range_is_refused_by_one_sentence(name: str, value: Any) -> None:
    for spelt in ("", f"--{name}"):
        with pytest.raises(OptionError) as caught:
            checked(name, value, spelt)
        assert str(caught.value) == f"The option '{spelt or name}' is {value!r} and must be {LIMITS[name].allowed}."


def test_a_dataclass_keeps_plain_values_and_only_optional_fields_may_be_none() -> None:
    @dataclass(frozen=True)
    class Asked:
        seed: Any = 0
        threads: Any = None

        def __post_init__(self) -> None:
            keep(self, "seed", optional=("threads",))

    found = Asked(np.int64(3))
    assert (found, type(found.seed)) == (Asked(3, None), int)
    with pytest.raises(OptionError, match="'seed' is None"):
        Asked(None)
    with pytest.raises(OptionError, match="'threads' is 0"):
        Asked(0, 0)
