"""The suite as a whole: exact answers pass, inconsistent estimators do not, and what fails is a row."""

from __future__ import annotations

import json
from typing import Any

import numpy as np
import pytest
import torch
from fakes import GaussianMI
from mnist_images import blobs, unit

from mmg_registry import registry
from mmg_registry.benchmark.mnist import run
from mmg_registry.benchmark.mnist.ratios import TESTS, Found, Information, Ratio, judge, plan_ratios, terms
from mmg_registry.benchmark.mnist.run import Setup, check_pixels, execute, jobs, sizes, values_by_seed
from mmg_registry.benchmark.store import label
from mmg_registry.contracts import Array
from mmg_registry.errors import DataError, OptionError, PluginError
from mmg_registry.results import Estimate

IMAGES = unit(blobs(300))
SETUP = Setup("toy.npz", "0", n_train=200, n_eval=100, noise=0.5, latent_dim=2, hidden=16, autoencoder_steps=20)


class Biased(GaussianMI):
    """Half a nat too much, always."""

    name = "biased-fake"

    def estimate(self, x: Array, y: Array) -> Estimate:
        found = super().estimate(x, y)
        return Estimate(mi=found.mi + 0.5, std_error=found.std_error)


class Greedy(GaussianMI):
    """Takes more columns of y for more information."""

    name = "greedy-fake"

    def estimate(self, x: Array, y: Array) -> Estimate:
        return Estimate(mi=0.1 * y.shape[1], std_error=0.001)


class Raising(GaussianMI):
    name = "raising-fake"

    def fit(self, x: Array, y: Array) -> Raising:
        raise ValueError("singular")


@pytest.fixture(autouse=True)
def fakes() -> None:
    for cls in (GaussianMI, Biased, Greedy, Raising):
        registry.register(cls)


def rows_of(
    setup: Setup, plugin: str, images: Any = IMAGES, **choices: Any
) -> tuple[list[Ratio], list[dict[str, Any]]]:
    """The ratios, and the rows of all that they need."""
    wanted = {"tests": TESTS, "rows": [2, 4], "seeds": 1, "options": {}} | choices
    ratios = plan_ratios(wanted["tests"], wanted["rows"], step=2, height=images.shape[1])
    todo = jobs(terms(ratios), {plugin: wanted["options"]}, wanted["seeds"])
    return ratios, list(execute(images, setup, todo))


def verdicts(plugin: str) -> dict[tuple[str, int], Found]:
    """Of pixels that are independent and normal, for which all three statements are exact for a Gaussian estimator."""
    images = np.random.default_rng(0).standard_normal((9_000, 6, 3), np.float32)
    ratios, rows = rows_of(Setup("normal", "0", 6_000, 3_000, "pixels", noise=1.0), plugin, images)
    return {(each.ratio.test, each.ratio.rows): each for each in judge(ratios, values_by_seed(rows, plugin))}


@pytest.fixture
def any_plugin_on_pixels(monkeypatch: pytest.MonkeyPatch) -> None:
    """Estimators without a denoiser get the pixels as they are."""
    monkeypatch.setattr(run, "PIXEL_OPTIONS", {})
    monkeypatch.setattr(run, "_denoiser", lambda term, draw: None)
    monkeypatch.setattr(GaussianMI, "__init__", lambda self, *, denoiser=None, **given: _INIT(self, **given))


_INIT = GaussianMI.__init__


@pytest.mark.usefixtures("any_plugin_on_pixels")
def test_an_exact_estimator_passes_all_three_with_the_ratios_of_theory() -> None:
    found = verdicts("gaussian-fake")
    assert len(found) == 6
    assert all(each.holds for each in found.values())
    assert found["baseline", 2].value == pytest.approx(2 / 6, abs=0.02)
    assert found["baseline", 4].value == pytest.approx(4 / 6, abs=0.02)
    assert found["data-processing", 2].value == pytest.approx(1, abs=0.02)
    assert found["additivity", 4].value == pytest.approx(2, abs=0.05)
    assert all(0 < each.std_error < 0.1 for each in found.values() if each.std_error is not None)


@pytest.mark.usefixtures("any_plugin_on_pixels")
def test_a_bias_breaks_additivity_and_counting_columns_breaks_data_processing() -> None:
    assert verdicts("biased-fake")["additivity", 2].holds is False
    found = verdicts("greedy-fake")
    assert found["data-processing", 2].value == pytest.approx(1.5)
    assert not found["data-processing", 2].holds
    assert found["additivity", 2].holds


# ------------------------------------------------------------------------------------------ rows
def test_a_row_holds_all_that_its_ratio_and_its_repetition_need() -> None:
    _, rows = rows_of(SETUP, "gaussian-fake", tests=["data-processing"], rows=[4])
    row = json.loads(json.dumps(rows[1], allow_nan=False))
    assert (row["task"], row["formula"]) == ("joint-6-4", "I(A; [B_6, B_4])")
    assert (row["suite"], row["plugin"], row["options"], row["seed"]) == ("mnist", "gaussian-fake", {}, 0)
    assert (row["n_train"], row["n_eval"], row["noise"], row["space"]) == (200, 100, 0.5, "latent")
    assert (row["estimate"]["dim_x"], row["estimate"]["dim_y"], row["estimate"]["n_eval"]) == (2, 4, 100)
    assert {"fit", "estimate", "draw", "total", "wall"} <= set(row["seconds"])
    assert row["autoencoder"]["reconstruction_error"] > 0
    assert {"machine", "versions", "revision", "started"} <= set(row)


def test_pairs_of_images_are_half_as_many_evaluation_rows() -> None:
    _, rows = rows_of(SETUP, "gaussian-fake", tests=["additivity"], rows=[4])
    assert [(row["estimate"]["n_train"], row["estimate"]["n_eval"]) for row in rows] == [(200, 100), (200, 50)]
    assert [row["estimate"]["dim_x"] for row in rows] == [2, 4]


def test_the_same_seed_gives_the_same_numbers_and_seeds_differ() -> None:
    numbers = [
        [row["estimate"]["mi"] for row in rows_of(SETUP, "gaussian-fake", tests=["baseline"], seeds=2)[1]]
        for _ in range(2)
    ]
    assert numbers[0] == numbers[1]
    assert numbers[0][:3] != numbers[0][3:]


def test_training_images_are_not_evaluated_on(monkeypatch: pytest.MonkeyPatch) -> None:
    seen = []
    monkeypatch.setattr(run, "variables", lambda space, term, images, seed, reuse=False: seen.append(images) or 1 / 0)
    images = np.arange(300, dtype=np.float32).reshape(300, 1, 1) / 300 * np.ones((1, 6, 3), np.float32)
    rows_of(SETUP, "gaussian-fake", images, tests=["baseline"], rows=[2])
    train = {float(each[0, 0]) for each in seen[0]}
    assert len(train) == 200
    draw = run._Draw(images, SETUP, 0, lambda sentence: None)
    assert train.isdisjoint(float(each[0, 0]) for each in draw.evaluation[0])
    assert len(draw.evaluation[0]) == 100


def test_a_failure_is_a_row_and_has_no_ratio() -> None:
    ratios, rows = rows_of(SETUP, "raising-fake", tests=["baseline"])
    assert [row["status"] for row in rows] == ["failed"] * 3
    assert "singular" in rows[0]["error"]["message"]
    assert values_by_seed(rows, "raising-fake") == []
    assert [found.value for found in judge(ratios, values_by_seed(rows, "raising-fake"))] == [None, None]


def test_values_are_of_one_plugin_with_its_options_and_by_seed() -> None:
    _, rows = rows_of(SETUP, "gaussian-fake", tests=["baseline"], rows=[2], seeds=2, options={"ridge": 0.1})
    assert values_by_seed(rows, "gaussian-fake") == []
    found = values_by_seed(rows, label("gaussian-fake", {"ridge": 0.1}))
    assert [set(each) for each in found] == [{Information("single", 2), Information("single", 8)}] * 2


def test_an_infinite_information_is_no_ratio() -> None:
    row = {"plugin": "p", "options": {}, "seed": 0, "kind": "single", "rows": 2, "less": 0, "status": "ok"}
    row["estimate"] = {"status": "infinite", "mi": None, "std_error": None}
    assert values_by_seed([row], "p")[0][Information("single", 2)].mi == float("inf")


def test_the_callers_threads_are_given_back() -> None:
    before = torch.get_num_threads()
    rows_of(SETUP, "gaussian-fake", tests=["baseline"], rows=[2])
    assert torch.get_num_threads() == before


# ------------------------------------------------------------------------------------------ pixels
def test_pixels_go_through_the_denoiser_of_an_mmg_estimator() -> None:
    setup = Setup("toy.npz", "0", n_train=120, n_eval=40, space="pixels")
    _, rows = rows_of(setup, "mmg", options={"steps": 20, "repeats": 2}, tests=["additivity"], rows=[4])
    assert [row["status"] for row in rows] == ["ok", "ok"]
    assert [(row["estimate"]["dim_x"], row["estimate"]["dim_y"]) for row in rows] == [(48, 24), (96, 48)]
    assert rows[0]["estimate"]["options"]["preset"] == "paper"
    assert rows[0]["estimate"]["backend"]["isa"] == "torch"
    assert rows[0]["autoencoder"] is None


def test_plugins_that_take_no_denoiser_of_pixels_are_refused() -> None:
    check_pixels("mmg-orthogonal-adaptive", {"steps": 50})
    for name in ("auto", "gaussian-fake"):
        with pytest.raises(OptionError, match=f"The plugin '{name}' cannot estimate on pixels: .* --space latent"):
            check_pixels(name, {})
    with pytest.raises(OptionError, match="preset 'paper' fixes width"):
        check_pixels("mmg", {"width": 32})
    with pytest.raises(PluginError):
        check_pixels("no-such-plugin", {})


# ------------------------------------------------------------------------------------------ sizes
@pytest.mark.parametrize(
    ("n", "train", "evaluation", "expected"),
    [(70_000, None, None, (60_000, 10_000)), (1_000, None, 100, (900, 100)), (1_000, 300, None, (300, 200))],
)
def test_sizes(n: int, train: int | None, evaluation: int | None, expected: tuple[int, int]) -> None:
    assert sizes(n, train, evaluation) == expected


@pytest.mark.parametrize(("train", "evaluation"), [(900, 200), (None, 995), (10, None), (None, 1_001), (None, 5)])
def test_too_many_or_too_few_images_are_refused(train: int | None, evaluation: int | None) -> None:
    with pytest.raises(DataError, match="There are 1000 images"):
        sizes(1_000, train, evaluation)


@pytest.mark.parametrize("noise", [0.0, -1.0, float("nan"), float("inf")])
def test_without_noise_every_information_is_infinite(noise: float) -> None:
    with pytest.raises(OptionError, match="must be a positive number"):
        Setup("toy.npz", "0", 200, 100, noise=noise)
