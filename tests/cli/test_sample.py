"""`mmg sample`: npz files whose mutual information is known."""

from __future__ import annotations

import os

import numpy as np
import pytest


def test_gaussian_sample_has_the_size_and_the_mi_it_says(mmg) -> None:
    result = mmg("sample", "gaussian", "--dim", 3, "--mi", 1.5, "-n", 20_000, "--seed", 1, "-o", "g.npz")
    assert (result.code, result.err) == (0, "")
    assert result.out == "g.npz: 20000 rows, 3 columns of x, 3 of y, true MI 1.500000 nats\n"
    with np.load("g.npz") as archive:
        x, y, true_mi = archive["x"], archive["y"], archive["true_mi"]
    assert (x.shape, y.shape, float(true_mi)) == ((20_000, 3), (20_000, 3), 1.5)
    covariance = np.cov(np.hstack([x, y]), rowvar=False)
    log_det = [np.linalg.slogdet(c)[1] for c in (covariance[:3, :3], covariance[3:, 3:], covariance)]
    assert 0.5 * (log_det[0] + log_det[1] - log_det[2]) == pytest.approx(1.5, abs=0.05)


def test_the_seed_decides(mmg) -> None:
    arrays = []
    for seed, name in [(0, "a.npz"), (0, "b.npz"), (1, "c.npz")]:
        mmg("sample", "gaussian", "-n", 10, "--seed", seed, "-o", name)
        with np.load(name) as archive:
            arrays.append(archive["x"])
    assert np.array_equal(arrays[0], arrays[1])
    assert not np.array_equal(arrays[0], arrays[2])


def test_another_known_task(mmg) -> None:
    from mmg_registry.samplers import SAMPLERS

    name = sorted(SAMPLERS)[0]
    assert mmg("sample", name, "-n", 50, "-o", "t.npz").code == 0
    with np.load("t.npz") as archive:
        assert len(archive["x"]) == 50
        assert float(archive["true_mi"]) == SAMPLERS[name].true_mi


@pytest.mark.parametrize("name", ["spiral-multinormal-sparse-3-3-2-650.0", "independent-student-5-5-2"])
def test_tasks_of_every_suite_are_samplers(mmg, name: str) -> None:
    from mmg_registry.samplers import HIGH_MI, NULL

    assert mmg("sample", name, "-n", 50, "-o", "t.npz").code == 0
    with np.load("t.npz") as archive:
        assert float(archive["true_mi"]) == {**HIGH_MI, **NULL}[name].true_mi


def test_kinds_that_values_do_not_tell_are_said_as_options(mmg) -> None:
    assert mmg("sample", "named-groups-6", "-n", 50, "-o", "t.npz").out.endswith(" nats, --kind y=category\n")


@pytest.mark.parametrize(
    ("args", "sentence"),
    [
        (["gausian"], "There is no sampler 'gausian'; there are "),
        (["gaussian", "-o", "data.csv"], "'data.csv' does not end in .npz; give such a name to -o."),
        (["gaussian", "-o", "no/data.npz"], "the folder of 'no/data.npz' does not exist"),
        (["gaussian", "--mi", "-1"], "The option '--mi' is -1.0 and must be a finite number of nats, 0 or more."),
        (["gaussian", "--mi", "inf"], "The option '--mi' is inf and must be a finite number of nats, 0 or more."),
        (["gaussian", "--dim", "0"], "The option '--dim' is 0 and must be a whole number from 1 to 10**6."),
        (["gaussian", "-n", "0"], "The option '-n' is 0 and must be a whole number from 1 to 10**9."),
    ],
)
def test_a_refused_sample_leaves_no_file(mmg, args: list[str], sentence: str) -> None:
    result = mmg("sample", *args)
    assert (result.code, result.out) == (2, "")
    assert sentence in result.err
    assert os.listdir() == []


def test_size_and_mi_belong_to_gaussian(mmg) -> None:
    from mmg_registry.samplers import SAMPLERS

    name = next(name for name in sorted(SAMPLERS) if name != "gaussian")
    result = mmg("sample", name, "--dim", 2)
    assert result.code == 2
    assert f"'{name}' has a size and an MI of its own." in result.err
