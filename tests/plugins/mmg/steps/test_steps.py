"""The steps of an estimate, each alone, on evidence made by hand."""

from __future__ import annotations

import math
from types import SimpleNamespace

import numpy as np
import pytest
from gap_evidence import N, evidence, facts, fitted, gap

from mmg_plugins.belief import Measured
from mmg_plugins.mmg import steps
from mmg_plugins.mmg.challengers import Heard
from mmg_plugins.mmg.evidence import Evidence
from mmg_plugins.mmg.parts import mixing
from mmg_plugins.mmg.parts.coordinates import NO_CONTEXT, StandardCoordinates
from mmg_plugins.mmg.steps import (
    challenge,
    choice,
    cross,
    doubt,
    generalisation,
    precision,
    rows,
    tail,
    unfinished,
    unseen,
)
from mmg_registry.errors import OptionError
from mmg_registry.preprocess.wishart import GaussianInformation
from mmg_registry.results import widened
from mmg_registry.training import Report


@pytest.mark.parametrize("listed", [steps.PLAIN, steps.AUTO])
def test_steps_have_names_of_their_own_and_only_widen_what_they_do_not_move(listed: tuple[steps.Step, ...]) -> None:
    assert len({step.name for step in listed}) == len(listed)
    trail = steps.take(listed, evidence())
    assert [word["name"] for word in trail.words] == [step.name for step in listed]
    assert all(word["why"] for word in trail.words)
    assert trail.std_error == pytest.approx(math.sqrt(sum(part**2 for part in trail.errors.values())))


# --- rows -----------------------------------------------------------------------------------------------------------
def test_plain_rows_keep_mean_and_error() -> None:
    found = gap(cross=0.1)
    direct = rows.PLAIN.find(evidence(found, mixed=mixing.direct(found)), 0.5)
    assert (direct.value, direct.error) == (0.5, widened(found.direct_se, N))


def test_the_adjusted_error_is_no_less_than_the_direct_values_allow() -> None:
    given = evidence()
    mixed, direct = given.adjusted
    found = rows.ADJUSTED.find(given, 0.0)
    assert found.value == mixed.mean
    error = math.hypot(mixed.residual_error, max(mixed.fitted_error, direct.fitted_error))
    assert found.error == widened(error, N)


# --- cross ----------------------------------------------------------------------------------------------------------
@pytest.mark.parametrize(("term", "error", "left"), [(0.1, 0.0, 0.0), (-0.1, 0.0, 0.05), (0.01, 0.05, 0.01)])
def test_what_is_not_counted_of_the_cross_term_widens_the_error(term: float, error: float, left: float) -> None:
    found = cross.MIXED.find(evidence(gap(term, error)), 0.5)
    assert found.value == 0.5
    assert found.error == pytest.approx(left)
    assert cross.WATCHED.find(evidence(gap(term, error)), 0.5).error is None


@pytest.mark.parametrize(("kept", "most"), [(0, 0.06), (400, 0.5)])
def test_linear_denoisers_are_wrong_by_the_sampling_of_their_correlations_at_most(kept: int, most: float) -> None:
    class Correlated(StandardCoordinates):
        rho = np.array([0.8])  # type: ignore[assignment]

    reports = Report(steps=900, kept=kept), Report(steps=900, kept=kept)
    linear = fitted(*reports, coordinates=Correlated(np.zeros(2), np.ones(2), 1))
    found = cross.MIXED.find(evidence(gap(cross=-1.0), fitted=linear), 0.5)
    assert found.error == pytest.approx(most, rel=0.05)


@pytest.mark.parametrize(
    ("term", "error", "warned"),
    [(0.1, 0.02, True), (-0.1, 0.02, True), (0.1, 0.05, False), (0.009, 1e-4, False), (0.0, 0.0, False)],
)
def test_a_cross_term_is_warned_of_when_it_is_significant_and_matters(term: float, error: float, warned: bool) -> None:
    given = evidence(gap(term, error))
    said = cross.WATCHED.warn(given, cross.WATCHED.find(given, 0.5), 0.5)
    assert bool(said) == warned
    if warned:
        assert f"{term:+.3f}" in said[0]
        assert "about 0.10 nats" in said[0]


# --- generalisation -------------------------------------------------------------------------------------------------
@pytest.mark.parametrize(("more", "expected"), [(0.8, 0.4), (0.0, 0.0), (-0.8, 0.0)])
def test_half_of_what_training_rows_show_more_is_added_and_widens_the_error(more: float, expected: float) -> None:
    direct = evidence().adjusted[1].mean
    given = evidence(fitted=fitted(known=facts(seen=Measured(direct + more, 0.001))))
    found = generalisation.STEP.find(given, 1.0)
    assert found.error == pytest.approx(expected, abs=1e-3)
    assert found.value == 1.0 + (found.error or 0.0)


@pytest.mark.parametrize(("fact", "step"), [("heard", challenge.STEP), ("seen", generalisation.STEP)])
def test_a_step_that_was_left_out_of_fit_is_refused(fact: str, step: steps.Step) -> None:
    given = evidence(fitted=fitted(known=facts(**{fact: None})))
    with pytest.raises(OptionError, match=f"'{step.name}' was left out of fit by 'without'"):
        step.find(given, 1.0)


# --- tail -----------------------------------------------------------------------------------------------------------
def test_what_lies_outside_the_window_is_added_and_said_if_it_is_much() -> None:
    little, much = evidence(tail=0.01), evidence(tail=0.2)
    assert tail.STEP.find(much, 0.5).value == 0.7
    assert tail.STEP.find(much, 0.5).error is None
    assert tail.STEP.warn(little, tail.STEP.find(little, 0.5), 0.51) == []
    assert "0.20 nats lie outside the window" in tail.STEP.warn(much, tail.STEP.find(much, 0.5), 0.7)[0]


@pytest.mark.parametrize("integrand", ["direct", "orthogonal"])
def test_a_gap_at_the_upper_end_is_warned_of_unless_it_is_gaussian(integrand: str) -> None:
    for top, known, said in ((0.0, 0.0, False), (0.2, 0.0, True), (0.2, 0.2, False)):
        given = evidence(gap(top=top), integrand=integrand, linear_height=known)
        warnings = tail.STEP.warn(given, tail.STEP.find(given, 0.5), 0.5)
        assert bool(warnings) == said
        assert all("about 0.40 nats or more" in sentence for sentence in warnings)


# --- choice, unfinished, precision ----------------------------------------------------------------------------------
def test_errors_of_the_training_are_summed_over_terms() -> None:
    reports = Report(choice_error=0.03, unfinished=0.1), Report(choice_error=0.04, unfinished=0.2)
    given = evidence(fitted=fitted(*reports))
    assert choice.STEP.find(given, 1.0).error == pytest.approx(0.05)
    assert unfinished.STEP.find(given, 1.0).error == pytest.approx(0.3)
    assert choice.STEP.find(given, 1.0).value == unfinished.STEP.find(given, 1.0).value == 1.0


@pytest.mark.parametrize(
    ("report", "said"),
    [
        (Report(stopped="plateau", unfinished=0.2), "more training may add some 0.20 nats"),
        (Report(stopped="max_steps", kept=5, steps=100), "limit of 100 steps"),
        (Report(stopped="max_seconds", kept=5), "cut by the time limit"),
        (Report(stopped="max_seconds", kept=0), "At its time limit"),
        (Report(stopped="plateau", kept=5, unfinished=0.01), ""),
    ],
)
def test_a_training_that_ended_too_early_is_said_to(report: Report, said: str) -> None:
    given = evidence(fitted=fitted(report))
    warnings = unfinished.STEP.warn(given, unfinished.STEP.find(given, 0.5), 0.5)
    assert bool(warnings) == bool(said)
    assert said in "".join(warnings)


@pytest.mark.parametrize("at_limit", [False, True])
def test_all_that_rests_on_correlations_of_one_widens_the_error(at_limit: bool) -> None:
    coordinates = SimpleNamespace(at_limit=at_limit, rho=np.zeros(0), dim_x=1, dim_y=1)
    given = evidence(tail=7.0, fitted=fitted(coordinates=coordinates))
    found = precision.STEP.find(given, 20.0)
    assert (found.value, found.error) == (20.0, 7.0 if at_limit else None)
    assert any("agree to all digits" in said for said in precision.STEP.warn(given, found, 20.0)) == at_limit


# --- unseen ---------------------------------------------------------------------------------------------------------
@pytest.mark.parametrize("kept", [0, 400, 900])
def test_what_could_not_be_seen_widens_the_error_only(kept: int) -> None:
    given = evidence(fitted=fitted(Report(steps=900, kept=kept)))
    found = unseen.STEP.find(given, 0.5)
    assert found.value == 0.5
    assert bool(found.error) == (kept < 900)
    assert bool(unseen.STEP.warn(given, found, 0.5)) == (kept < 900)


@pytest.mark.parametrize(("kept", "unlearned"), [(300, 0.3), (500, 0.0)])
def test_early_weights_cost_what_was_memorised_beside_them(kept: int, unlearned: float) -> None:
    report, seen = Report(steps=900, kept=kept), facts(seen=Measured(0.8, 0.0))
    found = evidence(fitted=fitted(report, known=seen))
    errors = [step.find(found, 0.5).error or 0.0 for step in (generalisation.STEP, cross.MIXED, unseen.STEP)]
    plain = unseen.STEP.find(evidence(fitted=fitted(report)), 0.5).error or 0.0
    left = np.sqrt(max(0.0, 0.3**2 - errors[0] ** 2 - errors[1] ** 2)) if unlearned else 0.0
    assert errors[2] == pytest.approx(np.hypot(plain, left), rel=0.05)


def test_what_neighbours_cannot_rule_out_counts_where_it_is_less() -> None:
    nothing = Report(steps=900, kept=0)
    errors = [
        unseen.STEP.find(evidence(fitted=fitted(nothing, known=facts(heard={"neighbours": found}))), 0.0).error or 0.0
        for found in (Heard(0.0, 0.01, 0.01), Heard(0.03, 0.01, 0.01), Heard(9.0, 0.01, 0.01), Heard(0.0, 0.0, 0.0))
    ]
    assert errors == sorted(errors)
    assert errors[-1] == errors[-2] > errors[0]


@pytest.mark.parametrize(
    ("report", "found", "reach"),
    [
        (Report(steps=900, kept=300), 0.48, 0.29),
        (Report(steps=900, kept=900, stopped="max_steps"), 0.48, 0.29),
        (Report(steps=900, kept=900, stopped="plateau"), 0.48, 0.0),
        (Report(steps=900, kept=300), 0.4, 0.0),
    ],
    ids=["early", "cut", "settled", "neighbours find less"],
)
def test_an_interval_of_a_low_estimate_reaches_what_neighbours_allow(
    report: Report, found: float, reach: float
) -> None:
    known = facts(heard={"neighbours": Heard(found, 0.01, 0.6)})
    assert unseen.STEP.find(evidence(fitted=fitted(report, known=known)), 0.5).error == pytest.approx(reach, abs=0.03)


@pytest.mark.parametrize(("kept", "left"), [(0, 0.4), (900, 0.0)])
def test_linear_dependence_that_directions_do_not_tell_is_in_the_error(kept: int, left: float) -> None:
    plain = StandardCoordinates(np.zeros(2), np.ones(2), 1)
    coordinates = SimpleNamespace(
        dim_x=1, dim_y=1, beside=NO_CONTEXT, rho=plain.rho, linear=GaussianInformation(0.9, 0.0)
    )
    given = evidence(fitted=fitted(Report(steps=900, kept=kept), coordinates=coordinates))
    found = unseen.STEP.find(given, 0.5)
    assert found.error == pytest.approx(left, abs=0.05)
    assert any("directions" in said for said in unseen.STEP.warn(given, found, 0.5)) == bool(left)


def test_nothing_learned_in_many_columns_is_said_to_be_no_evidence() -> None:
    coordinates = SimpleNamespace(dim_x=1, dim_y=50, beside=NO_CONTEXT, linear=None)
    given = evidence(fitted=fitted(Report(steps=900, kept=0), coordinates=coordinates))
    assert "no evidence" in unseen.STEP.warn(given, unseen.STEP.find(given, 0.0), 0.0)[0]


# --- challenge ------------------------------------------------------------------------------------------------------
def heard(**said: Heard) -> Evidence:
    """Return evidence with what challengers said."""
    return evidence(fitted=fitted(known=facts(heard=said)))


def test_an_estimate_is_raised_to_what_another_estimator_surely_finds() -> None:
    given = heard(critic=Heard(0.9, 0.01, 0.1), norms=Heard(0.6, 0.001, 0.001, 0.5))
    found = challenge.STEP.find(given, 0.5)
    assert isinstance(found, challenge.Raised)
    assert found.by == "critic"
    assert found.value == 0.5 + found.rise == pytest.approx(0.9, abs=0.01)
    assert found.error == pytest.approx(0.1)
    said = challenge.STEP.warn(given, found, found.value)
    assert "A critic finds at least 0.90 nats" in said[0]
    assert f"raised by {found.rise:.2f}" in said[0]


def test_what_tells_but_a_part_adds_a_part_of_the_rise_to_the_error() -> None:
    found = challenge.STEP.find(heard(norms=Heard(0.9, 0.001, 0.001, 0.5)), 0.5)
    assert found.error == pytest.approx((found.value - 0.5) / 2, rel=0.01)


@pytest.mark.parametrize("least", [Heard(0.4, 0.001, 0.1), Heard(0.9, 0.5, 0.5), Heard(0.0, 0.0, 0.0)])
def test_what_is_less_or_not_sure_changes_nothing(least: Heard) -> None:
    given = heard(neighbours=least)
    found = challenge.STEP.find(given, 0.5)
    assert (found.value, found.error) == (0.5, 0.0)
    assert challenge.STEP.warn(given, found, 0.5) == []


def test_a_rise_is_believed_as_far_as_it_is_known() -> None:
    raised = [challenge.STEP.find(heard(critic=Heard(0.6, e, e)), 0.5).value for e in (0.0, 0.03, 0.06, 0.2)]
    assert raised == sorted(raised, reverse=True)
    assert raised[0] == pytest.approx(0.6, abs=0.01)
    assert raised[-1] == 0.5


def test_nobody_asked_changes_nothing() -> None:
    found = challenge.STEP.find(heard(), 0.5)
    assert (found.value, found.error) == (0.5, 0.0)
    assert found.why.endswith("nothing")


def test_a_doubt_keeps_the_value_and_widens_the_error_by_what_others_surely_find_beyond() -> None:
    given = heard(neighbours=Heard(0.9, 0.05, 0.3))
    least = given.facts.all_heard("doubt")["neighbours"].least
    found = doubt.STEP.find(given, 0.5)
    assert (found.value, found.error) == (0.5, pytest.approx(least - 0.5))
    assert f"Nearest neighbours find at least {least:.2f} nats" in doubt.STEP.warn(given, found, 0.5)[0]


@pytest.mark.parametrize("least", [Heard(0.4, 0.001, 0.1), Heard(0.0, 0.0, 0.0), None])
def test_nothing_is_doubted_without_a_surely_larger_value(least: Heard | None) -> None:
    given = heard(**({"neighbours": least} if least else {}))
    assert doubt.STEP.find(given, 0.5).error == 0.0
    assert doubt.STEP.find(given, -0.1).error == (
        0.0 if not least or not least.value else pytest.approx(0.498, abs=0.01)
    )
    assert doubt.STEP.warn(given, doubt.STEP.find(given, 0.5), 0.5) == []
