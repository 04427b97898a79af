"""Every door refuses a value out of range by the sentence of `mmg_registry.limits`, and before it reads anything."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
import pytest

import mmg_registry as mmg
from mmg_registry import samplers
from mmg_registry.benchmark.runner import Settings, execute, plan
from mmg_registry.data import hold_out
from mmg_registry.errors import OptionError, PluginError
from mmg_registry.limits import LIMITS
from mmg_registry.models.decoder_training import DecoderPlan

BARELY_OUT: dict[str, list[Any]] = {
    "seed": [-1, 2**63],
    "threads": [0, 1025],
    "device": ["gpu", "cuda:100"],
    "max_seconds": [0.0, float("inf"), float("nan"), 1.1e9],
    "ci_level": [0.0, 1.0],
    "cross_fit": [1, 10**9 + 1],
    "extrapolate": [2, 11],
    "eval_fraction": [0.0, 1.0],
    "blocks": ["0", "some"],
    "drawn": ["9", "some"],
    "unit": ["bans"],
    "options": [3],
    "progress": [3],
    "n": [1, 10**9 + 1],
    "rows": [0, 10**9 + 1],
    "n_train": [0, 10**9 + 1],
    "n_eval": [0, 10**9 + 1],
    "dim": [0, 10**6 + 1],
    "mi": [-0.1, float("inf"), float("nan")],
    "seeds": [0, 10**6 + 1],
    "jobs": [0, 1025],
    "shifts": [18, 10**6 + 1],
    "history": [-1, 1_001],
    "degree": [0, 7],
    "epochs": [0, 2 * 10**12],
    "steps": [0, 10**9 + 1],
    "permutations": [0, 10**9 + 1],
    "latent": [0, 4097],
    "units": [0, 8193],
    "model_kind": ["flow"],
    "variance": [0.0, 1.1],
    "noise": [0.0, float("inf")],
}
BARELY_IN: dict[str, list[Any]] = {
    "seed": [0, 2**63 - 1],
    "threads": [1, 1024],
    "device": ["auto", "cpu"],
    "max_seconds": [1e-9, 1e9],
    "unit": ["nats", "bits"],
    "ci_level": [1e-9, 1 - 1e-9],
    "cross_fit": [2, 10**9],
    "extrapolate": [3, 10],
    "eval_fraction": [1e-9, 1 - 1e-9],
    "blocks": ["auto", "none", 1, 10**9],
    "drawn": ["all", 10, "1000", 10**9],
    "n": [2, 10**9],
    "options": [{}],
    "progress": [print],
    "rows": [1, 10**9],
    "n_train": [1, 10**9],
    "n_eval": [1, 10**9],
    "dim": [1, 10**6],
    "mi": [0.0, 1e300],
    "seeds": [1, 10**6],
    "jobs": [1, 1024],
    "shifts": [19, 10**6],
    "history": [0, 1_000],
    "degree": [1, 6],
    "epochs": [1, 10**6],
    "steps": [1, 10**9],
    "permutations": [1, 10**9],
    "latent": [1, 4096],
    "units": [1, 8192],
    "model_kind": ["vae", "gan"],
    "variance": [1e-8, 1.0],
    "noise": [1e-9, 1e9],
}

# What each door takes: the limit, and the option's spelling where it is another than the limit's name.
COMMANDS: dict[str, tuple[list[str], dict[str, str]]] = {
    "estimate": (
        ["estimate", "never-read.npz", "-p", "no-such-plugin"],
        {
            "seed": "--seed",
            "threads": "--threads",
            "device": "--device",
            "max_seconds": "--max-seconds",
            "ci_level": "--ci",
            "cross_fit": "--cross-fit",
            "extrapolate": "--extrapolate",
            "eval_fraction": "--eval-fraction",
            "unit": "--unit",
            "blocks": "--blocks",
            "drawn": "--rows",
        },
    ),
    "test": (
        ["test", "never-read.npz", "-p", "no-such-plugin"],
        {"seed": "--seed", "unit": "--unit", "cross_fit": "--cross-fit", "permutations": "--permutations"},
    ),
    "transfer": (
        ["transfer", "never-read.npz", "--source", "a", "--target", "b", "-p", "no-such-plugin"],
        {
            "seed": "--seed",
            "threads": "--threads",
            "device": "--device",
            "max_seconds": "--max-seconds",
            "ci_level": "--ci",
            "unit": "--unit",
            "blocks": "--blocks",
            "shifts": "--shifts",
            "history": "--history",
            "degree": "--degree",
        },
    ),
    "bound": (
        ["bound", "--model", "never-read.py:Model", "-p", "no-such-plugin"],
        {"seed": "--seed", "threads": "--threads", "device": "--device", "n": "-n"},
    ),
    "benchmark": (
        ["benchmark", "--suite", "no-such-suite", "-p", "no-such-plugin"],
        {
            "seeds": "--seeds",
            "jobs": "--jobs",
            "threads": "--threads",
            "max_seconds": "--max-seconds",
            "n_train": "--n-train",
            "n_eval": "--n-eval",
        },
    ),
    "benchmark mnist": (
        ["benchmark", "mnist", "--mnist", "never-read.npz", "--out", "d", "-p", "no-such-plugin"],
        {
            "seeds": "--seeds",
            "threads": "--threads",
            "max_seconds": "--max-seconds",
            "n_train": "--n-train",
            "n_eval": "--n-eval",
            "noise": "--noise",
            "latent": "--latent-dim",
            "units": "--hidden",
            "steps": "--autoencoder-steps",
        },
    ),
    "train-model": (
        ["train-model", "--mnist", "never-read.npz", "-o", "no/such/folder/m.npz"],
        {
            "seed": "--seed",
            "threads": "--threads",
            "max_seconds": "--max-seconds",
            "model_kind": "--kind",
            "latent": "--latent",
            "variance": "--variance",
            "epochs": "--epochs",
        },
    ),
    "sample": (["sample", "no-such-sampler"], {"seed": "--seed", "rows": "-n", "dim": "--dim", "mi": "--mi"}),
}


def cases(values: dict[str, list[Any]]) -> list[tuple[str, str, Any]]:
    doors = [(door, limit) for door, (_, limits) in COMMANDS.items() for limit in limits]
    return [(door, limit, value) for door, limit in doors for value in values[limit]]


@pytest.mark.parametrize(("door", "limit", "value"), cases(BARELY_OUT))
def test_a_command_refuses_what_is_barely_out(mmg: Callable[..., Any], door: str, limit: str, value: Any) -> None:
    args, spellings = COMMANDS[door]
    result = mmg(*args, f"{spellings[limit]}={value}" if spellings[limit] != "-n" else f"-n{value}")
    told = f"Error: The option '{spellings[limit]}' is {value!r} and must be {LIMITS[limit].allowed}.\n"
    assert (result.code, result.out, result.err) == (2, "", told)


@pytest.mark.parametrize(("door", "limit", "value"), cases(BARELY_IN))
def test_a_command_takes_what_is_barely_in(mmg: Callable[..., Any], door: str, limit: str, value: Any) -> None:
    """The door then refuses what is wrong besides: the plugin, the file or the folder."""
    args, spellings = COMMANDS[door]
    result = mmg(*args, f"{spellings[limit]}={value}" if spellings[limit] != "-n" else f"-n{value}")
    assert result.code > 0
    assert any(word in result.err for word in ("no-such", "no/such", "never-read"))


def test_a_gpu_that_is_not_there_is_refused_before_the_model_is_read(mmg: Callable[..., Any]) -> None:
    result = mmg(*COMMANDS["bound"][0], "--device", "cuda:99")
    assert (result.code, result.out) == (2, "")
    assert result.err.startswith("Error: The device 'cuda:99' cannot be used: ")


def of_estimate(**choice: Any) -> Any:
    return mmg.estimate(None, None, plugin="no-such-plugin", **choice)


def of_bound(**choice: Any) -> Any:
    return mmg.bound(None, "no-such-plugin", **choice)


def of_sample(**choice: Any) -> Any:
    return samplers.gaussian().sample(2, **choice)


def of_plan(**choice: Any) -> Any:
    return plan([], {}, **choice)


def of_execute(**choice: Any) -> Any:
    return list(execute([], Settings(), **choice))


def of_split(**choice: Any) -> Any:
    return hold_out(**{"n": 10, "fraction": 0.2, "seed": 0, **choice})


PYTHON: dict[Callable[..., Any], list[str]] = {
    of_estimate: [
        *("seed", "threads", "device", "max_seconds", "ci_level", "cross_fit", "eval_fraction", "unit", "blocks"),
        *("extrapolate", "options", "progress"),
    ],
    of_bound: ["seed", "threads", "device", "ci_level", "n", "options", "progress"],
    mmg.Run: ["seed", "threads", "device", "max_seconds", "progress"],
    Settings: ["threads", "max_seconds", "n_train", "n_eval"],
    DecoderPlan: ["seed", "max_seconds", "latent", "variance", "epochs"],
    samplers.gaussian: ["dim", "mi"],
    of_sample: ["seed"],
    of_plan: ["seeds"],
    of_execute: ["jobs"],
    of_split: ["n", "seed"],
}


@pytest.mark.parametrize(
    ("door", "limit", "value"),
    [
        (door, limit, value)
        for door, limits in PYTHON.items()
        for limit in limits
        for value in [*BARELY_OUT[limit], True, np.array([1, 2])]
        if not (door in (of_estimate, of_bound) and limit == "progress" and value is True)  # a bar, yes or no
    ],
)
def test_python_refuses_what_is_barely_out(door: Callable[..., Any], limit: str, value: Any) -> None:
    with pytest.raises(OptionError) as caught:
        door(**{limit: value})
    assert str(caught.value) == f"The option '{limit}' is {value!r} and must be {LIMITS[limit].allowed}."


HUGE = (of_split, samplers.gaussian)  # at the upper ends they take gigabytes


@pytest.mark.parametrize("door", PYTHON)
def test_python_takes_what_is_barely_in(door: Callable[..., Any]) -> None:
    """`estimate` and `bound` then miss their plugin; the others hold the value."""
    for limit, value in [(name, each) for name in PYTHON[door] for each in BARELY_IN[name]]:
        if door in (of_estimate, of_bound):
            with pytest.raises(PluginError, match="There is no plugin 'no-such-plugin'"):
                door(**{limit: value})
        elif isinstance(door, type):
            assert getattr(door(**{limit: value}), limit) == value
        elif door not in HUGE:
            door(**{limit: value})


@pytest.mark.parametrize("plugin", ["ksg", "mmg", "mine", "auto"])
def test_no_plugin_takes_what_another_refuses(plugin: str) -> None:
    for limit, value in (("seed", 2**63), ("threads", 5000), ("max_seconds", float("inf"))):
        with pytest.raises(OptionError, match=f"The option '{limit}' is"):
            mmg.load_plugin(plugin)(run=mmg.Run(**{limit: value}))
