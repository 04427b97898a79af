"""Estimators of the gap are one class and a recipe each."""

from __future__ import annotations

from dataclasses import FrozenInstanceError
from typing import Any

import numpy as np
import pytest
from gap_evidence import evidence, facts, fitted, gap

from mmg_plugins.belief import Measured
from mmg_plugins.minde.minde import MINDEConditional, MINDEJoint
from mmg_plugins.mmg import steps
from mmg_plugins.mmg.auto import Auto
from mmg_plugins.mmg.challengers import Heard
from mmg_plugins.mmg.estimator import GapEstimator
from mmg_plugins.mmg.facts import TrainingFacts
from mmg_plugins.mmg.mmg import MMG, MMGAdaptive, MMGOrthogonal, MMGOrthogonalAdaptive
from mmg_plugins.mmg.parts import mixing
from mmg_plugins.mmg.result import pointwise
from mmg_plugins.mmg.steps import Finding, Step
from mmg_registry.training import Report

ALL: list[type[GapEstimator]] = [
    MMG, MMGAdaptive, MMGOrthogonal, MMGOrthogonalAdaptive, Auto, MINDEConditional, MINDEJoint,
]  # fmt: skip
every = pytest.mark.parametrize("cls", ALL, ids=lambda cls: cls.name)


@every
def test_an_estimator_of_the_gap_overrides_its_recipe_alone(cls: type[GapEstimator]) -> None:
    own = {name for name, value in vars(cls).items() if callable(value) and not isinstance(value, type)}
    without_ratio = {"pointwise"} if cls is MINDEJoint else set()
    assert {name for name in own if any(hasattr(base, name) for base in cls.__mro__[1:-1])} <= {
        "recipe"
    } | without_ratio


@every
def test_recipes_are_frozen(cls: type[GapEstimator]) -> None:
    recipe = cls().recipe()
    with pytest.raises(FrozenInstanceError):
        recipe.steps = ()  # type: ignore[misc]


# --- What the steps make of the rows --------------------------------------------------------------------------------
def test_rows_stay_as_they_are_where_no_step_moves_their_mean() -> None:
    found = gap(cross=0.1)
    trail = steps.take(steps.PLAIN, evidence(found, mixed=mixing.direct(found), tail=0.25))
    assert np.array_equal(pointwise(trail), found.rows[:, 0].numpy() + 0.25)


@pytest.mark.parametrize("tail", [0.0, 0.25])
@pytest.mark.parametrize("listed", [steps.AUTO, ()])
def test_rows_move_with_their_mean(listed: tuple[Step, ...], tail: float) -> None:
    later = Step("later", lambda evidence, value: Finding(value + 1.0, None, "for a test"))
    trail = steps.take((*listed, later), evidence(gap(cross=0.1), tail=tail))
    assert float(pointwise(trail).mean()) == pytest.approx(trail.mi)


# --- A conditional denoiser that is worse ---------------------------------------------------------------------------
@pytest.mark.parametrize(("direct", "worse"), [(0.5, False), (-0.02, False), (-0.5, True)])
def test_a_conditional_denoiser_that_is_surely_worse_has_learned_nothing(direct: float, worse: bool) -> None:
    known = facts(seen=Measured(3.0, 0.01), heard={"critic": Heard(0.4, 0.01, 0.1)})
    given = evidence(
        gap(direct=direct, cross=-2.0), fitted=fitted(Report(steps=900, kept=900, unfinished=7.0), known=known)
    )
    assert given.surely_worse == worse
    if worse:
        trail = steps.take(steps.AUTO, given.without_learning())
        assert trail.mi == pytest.approx(0.4, abs=0.01)
        assert trail.std_error < 0.2
        assert float(pointwise(trail).mean()) == pytest.approx(trail.mi)
        assert any("learned nothing" in said for said in trail.warnings)


# --- Facts ----------------------------------------------------------------------------------------------------------
@pytest.mark.parametrize("seen", [None, Measured(0.4, 0.01)])
def test_facts_of_the_training_rows_come_back_from_their_arrays(seen: Any) -> None:
    kept = facts(heard={"critic": Heard(0.3, 0.03, 0.1, 0.5)} if seen else None, seen=seen)
    back = TrainingFacts.of_arrays(kept.arrays())
    assert (back.heard, back.seen) == (kept.heard, kept.seen)
    assert np.array_equal(back.known.mean, kept.known.mean)
    assert back.known.count == kept.known.count
