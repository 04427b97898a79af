"""Options are validated wherever they come in; what an estimator does not implement it says."""

from __future__ import annotations

import pytest
from fakes import GaussianMI

from mmg_registry.contracts import Estimator, Progress, Run, parse_options
from mmg_registry.errors import DataError, MMGError, OptionError, PluginError


def test_parameters_as_in_scikit_learn() -> None:
    estimator = GaussianMI(run=Run(seed=3), ridge=0.5)
    twin = type(estimator)(**estimator.get_params())
    assert twin.get_params() == estimator.get_params() == {"run": Run(seed=3), "ridge": 0.5}
    assert estimator.set_params(ridge=0.25) is estimator
    assert (estimator.options.ridge, estimator.run.seed) == (0.25, 3)
    assert estimator.set_params(run=Run(seed=4)).options.ridge == 0.25


@pytest.mark.parametrize(
    ("given", "told"),
    [
        ({"rigde": 0.5}, "The estimator 'gaussian-fake' has no option 'rigde'; the nearest is 'ridge'."),
        ({"width": 3}, "has no option 'width'; it has ridge."),
        ({"ridge": 2}, "The option 'ridge' of 'gaussian-fake' is refused: input should be less than or equal to 1."),
        ({"ridge": "much"}, "The option 'ridge' of 'gaussian-fake' is refused: input should be a valid number"),
    ],
)
def test_options_out_of_bounds(given: dict[str, object], told: str) -> None:
    estimator = GaussianMI(ridge=0.5)
    for refuse in (lambda: GaussianMI(**given), lambda: estimator.set_params(**given)):
        with pytest.raises(OptionError) as caught:
            refuse()
        assert told in str(caught.value)
    assert estimator.options.ridge == 0.5


def test_an_estimator_without_options() -> None:
    class Bare(GaussianMI):
        name = "bare"
        Options = Estimator.Options

    with pytest.raises(OptionError, match=r"'bare' has no option 'a'; it has none\."):
        parse_options(Bare, {"a": 1})


def test_options_cannot_be_changed_behind_the_validation() -> None:
    with pytest.raises(ValueError, match="frozen"):
        GaussianMI().options.ridge = 7


def test_an_unfinished_estimator_cannot_be_made() -> None:
    class Unfinished(Estimator):
        name = "unfinished"

    with pytest.raises(TypeError, match="abstract"):
        Unfinished()


def test_saving_is_optional() -> None:
    class Stateless(GaussianMI):
        state, restore = Estimator.state, Estimator.restore

    with pytest.raises(OptionError, match="cannot be saved"):
        Stateless().state()
    with pytest.raises(OptionError, match="cannot be loaded"):
        Stateless().restore({}, {})


def test_progress_reaches_whoever_listens() -> None:
    heard: list[Progress] = []
    Run(progress=heard.append).report(Progress(0.5, mi=1.0))
    Run().report(Progress(0.5))
    assert heard == [Progress(0.5, mi=1.0)]


def test_exit_codes() -> None:
    assert [kind.exit_code for kind in (MMGError, OptionError, PluginError, DataError)] == [1, 2, 3, 4]
    assert all(issubclass(kind, MMGError) for kind in (OptionError, PluginError, DataError))
