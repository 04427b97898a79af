"""A question to a recording, from its lags to a quantity: history, screen over lags, the lags that count, estimate."""

from __future__ import annotations

import time
from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from typing import Any

import numpy as np

from mmg_registry.errors import DataError, demand
from mmg_registry.quantity import Quantity
from mmg_registry.request import Request
from mmg_registry.series.answer import Embedded, Places, estimate_of
from mmg_registry.series.embedding import Reach, at_lag, left_out
from mmg_registry.series.history import Gain, steps_of
from mmg_registry.series.past import MOST_TOGETHER, most_steps, past_of, together
from mmg_registry.series.plan import Plan
from mmg_registry.series.problem import Functions, LagProblem
from mmg_registry.series.quick import is_continuous, plugin_of
from mmg_registry.series.recording import Recording
from mmg_registry.series.screen import LEVEL, Screened, screened

LAGS, TRANSFER, GIVEN, STORAGE = (
    "lagged mutual information", "transfer entropy", "conditional transfer entropy", "active information storage",
)  # fmt: skip
NO_LAG = (
    "No lag is beyond what shifted series reach (p = {p:.2g} for the best of {lags}): the value is that of the lag "
    "that tells most, and may be chance."
)
OF_SCREEN = (
    "Values of single lags are what the screen predicts, which tells lags apart; --every-lag (every_lag=True) asks the "
    "estimator."
)


@dataclass(frozen=True)
class SeriesQuestion:
    """What is asked of a recording.

    Attributes:
        name: the field's term of the quantity.
        plan: lags, history, shifts.
        request: the estimator and its settings.
        quick: whether nobody named the estimator, so that one is chosen (see `quick`).
        every_lag: whether the estimator answers at every lag, in the place of the screen's values.
    """

    name: str
    plan: Plan
    request: Request = field(default_factory=Request)
    quick: bool = False
    every_lag: bool = False


@dataclass(frozen=True)
class Screening:
    """What the screen over lags tells of a question.

    Attributes:
        problem: the embedded question.
        found: predictive information and its p-values by lag.
        reasons: why so much of the past is given, in sentences.
    """

    problem: LagProblem
    found: Screened
    reasons: tuple[str, ...]

    @property
    def best(self) -> int:
        """The place of the lag that tells most."""
        return int(self.found.value.argmax())

    @property
    def p_value(self) -> float:
        """That of the lag that tells most, corrected for all lags."""
        return float(self.found.p_values[self.best])


def screening(recording: Recording, question: SeriesQuestion, functions: Functions | None = None) -> Screening:
    """Return the screen over the lags of a source "x" for a target "y"; `functions` are those that are known."""
    known: Functions = {} if functions is None else functions
    past = past_of(recording, question.plan, known)
    problem = LagProblem(recording, past.reach, question.plan.degree, known)
    shifts = problem.shifts(question.plan.shifts, question.request.seed)
    return Screening(problem, screened(problem.prediction, problem.source, shifts), past.reasons)


def ask_lags(recording: Recording, question: SeriesQuestion) -> Quantity:
    """Return the answer about a source "x" and a target "y", with a part for each lag.

    Raises:
        DataError: when the data do not allow an answer.
        MMGError: when the estimator fails.
    """
    started = time.perf_counter()
    demand(
        not question.plan.given_history or "given" in recording.sides,
        "The option 'given_history' counts steps of what is given, and nothing is; name it by 'given' too.",
    )
    _refuse_copies(recording, ("y",) if question.name == TRANSFER else ("y", "given") if question.name == GIVEN else ())
    screen = screening(recording, question)
    problem = screen.problem
    chosen = together(problem, screen.found, 1 if question.name == LAGS else MOST_TOGETHER)
    question, why = _with_plugin(question, problem, [problem.reach.lags.index(lag) for lag in chosen.lags])
    estimate = estimate_of(_embedded(problem, chosen.lags), question.request)
    quantity = Quantity.of(estimate, question.name, symbol(problem, chosen.lags))
    told = {
        "lag": chosen.lags[0],
        "lags": list(chosen.lags),
        **_of_past(problem.reach),
        "reasons": [*screen.reasons, chosen.reason, *why, *([] if question.every_lag else [OF_SCREEN])],
        "held_out_gain": {"nats": chosen.gain.nats, "error": chosen.gain.error},
        "null": _null(problem, screen.found),
        "estimate": quantity.diagnostics,
    }
    parts = tuple(_parts(problem, screen.found, question))
    full = replace(quantity, p_value=screen.p_value, parts=parts, diagnostics=told)
    return _finished(full, problem, started, question.request)


def _refuse_copies(recording: Recording, others: Sequence[str]) -> None:
    """Refuse a source that is a column of the target or of what is given: its past would be given to itself."""
    source = recording.side("x")
    for side in (recording.side(name) for name in others):
        for own, name in zip(source.values.T, source.names, strict=True):
            alike = [np.array_equal(own, each, equal_nan=True) for each in side.values.T]
            demand(
                not any(alike),
                f"In {recording.source} the source '{name}' is also among what its past is compared with "
                f"('{', '.join(side.names)}'), where it adds nothing; leave one out.",
                DataError,
            )


def _with_plugin(
    question: SeriesQuestion, problem: LagProblem, places: Sequence[int]
) -> tuple[SeriesQuestion, list[str]]:
    """Return the question with an estimator, and why it is that one where it was chosen here."""
    if not question.quick:
        return question, []
    name, why = plugin_of(problem, places)
    return replace(question, request=replace(question.request, plugin=name), quick=False), [why]


def ask_screen(recording: Recording, question: SeriesQuestion, functions: Functions | None = None) -> Quantity:
    """Return the predictive information at the lag that tells most, with a part for each lag and without an estimator.

    Raises:
        DataError: when the data do not allow an answer.
    """
    started = time.perf_counter()
    screen = screening(recording, question, functions)
    problem, lag = screen.problem, screen.problem.reach.lags[screen.best]
    parts = tuple(_parts(problem, screen.found, replace(question, every_lag=False)))
    told = {"lag": lag, **_of_past(problem.reach), "reasons": list(screen.reasons)}
    best = replace(parts[screen.best], parts=parts, diagnostics={**told, "null": _null(problem, screen.found)})
    return _finished(best, problem, started, question.request)


def _of_past(reach: Reach) -> dict[str, int]:
    return {"history": reach.own, "given_history": reach.given}


def _null(problem: LagProblem, found: Screened) -> dict[str, Any]:
    """Return what the result says of shifted sources; nats."""
    return {
        "threshold": found.threshold(), "level": LEVEL, "shifts": len(found.null), "memory": problem.memory,
    }  # fmt: skip


def _finished(quantity: Quantity, problem: LagProblem, started: float, request: Request) -> Quantity:
    """Return the quantity in the requested unit, with the warnings and the time of all steps."""
    recording, rows = problem.recording, problem.rows
    p = quantity.p_value
    nothing = [NO_LAG.format(p=p, lags=len(problem.reach.lags))] if p is not None and p > LEVEL else []
    warnings = [*left_out(recording, rows, problem.reach), *problem.doubts(), *nothing, *quantity.warnings]
    about = {"seed": request.seed, **quantity.provenance}
    seconds = {**about.get("seconds", {}), "total": time.perf_counter() - started}
    series = {"samples": len(recording), "embedded": len(rows), "trials": recording.trials}
    return replace(
        quantity,
        warnings=list(dict.fromkeys(warnings)),
        provenance={**about, "seconds": seconds, "series": series},
    ).to_unit(request.unit)


def _embedded(problem: LagProblem, lags: Sequence[int]) -> Embedded:
    return Embedded(problem.recording, problem.rows, [("x", lag) for lag in lags], [("y", 0)], _given(problem.reach))


def _given(reach: Reach) -> Places:
    return [(side, lag) for side, steps in reach.past for lag in range(1, steps + 1)]


def _parts(problem: LagProblem, found: Screened, question: SeriesQuestion) -> list[Quantity]:
    """Return a quantity for each lag: what it adds to a prediction, or what the estimator says, with its p-value.

    What predicts labels or counts may be more than their entropy, so that it has no error bar.
    """
    level, parts = question.request.ci_level, []
    has_bar = is_continuous(problem, "y")
    for place, lag in enumerate(problem.reach.lags):
        written = symbol(problem, [lag])
        if question.every_lag:
            own = estimate_of(_embedded(problem, [lag]), question.request)
            part = Quantity.of(own, question.name, written)
        else:
            value, error = float(found.value[place]), float(found.errors[place]) if has_bar else None
            part = Quantity("predictive information", written, value, error, ci_level=level).with_interval(least=0.0)
        parts.append(replace(part, p_value=float(found.p_values[place]), diagnostics={"lag": lag}))
    return parts


def symbol(problem: LagProblem, lags: Sequence[int]) -> str:
    """Return the information about some lags as it is written, e.g. I(a[t-2]; b[t] | b[t-1])."""
    names = {name: side.names for name, side in problem.recording.sides.items()}
    source = ", ".join(f"{name}{at_lag(lag)}" for lag in lags for name in names["x"])
    target = ", ".join(f"{name}{at_lag(0)}" for name in names["y"])
    given = [f"{name}{_span(steps)}" for side, steps in problem.reach.past for name in (names[side] if steps else ())]
    return f"I({source}; {target}{' | ' if given else ''}{', '.join(given)})"


def _span(steps: int) -> str:
    return at_lag(1) if steps == 1 else f"[t-1 .. t-{steps}]"


# --- Of its own past --------------------------------------------------------------------------------------------------


def ask_storage(recording: Recording, question: SeriesQuestion) -> Quantity:
    """Return what the past of "y" tells of its next value; its parts are what 1, 2 .. steps gain, held out.

    Raises:
        DataError: when the data do not allow an answer.
        MMGError: when the estimator fails.
    """
    started = time.perf_counter()
    plan, request = question.plan, question.request
    demand(plan.history != 0, "The option 'history' is 0 and must be 1 or more: without a past there is no storage.")
    own = replace(recording, sides={"x": recording.side("y"), "y": recording.side("y")})
    tried = plan.history or most_steps(recording)
    problem = LagProblem(own, Reach(tuple(range(1, tried + 1))), plan.degree)
    chosen = steps_of(problem.target, [problem.step("y", lag) for lag in problem.reach.lags])
    steps = plan.history or max(chosen.steps, 1)
    found = screened(problem.prediction, problem.source[:, :steps], problem.shifts(plan.shifts, request.seed))
    past = [("y", lag) for lag in range(1, steps + 1)]
    question, why = _with_plugin(question, problem, range(steps))
    estimate = estimate_of(Embedded(own, problem.rows, past, [("y", 0)]), question.request)
    names = own.side("y").names
    written = f"I({', '.join(name + at_lag(0) for name in names)}; {', '.join(name + _span(steps) for name in names)})"
    quantity = Quantity.of(estimate, question.name, written)
    told = {
        "history": steps,
        "reasons": [*([] if plan.history else [chosen.reason(", ".join(names))]), *why],
        "null": _null(problem, found),
        "estimate": quantity.diagnostics,
    }
    parts = tuple(_gained(each, place + 1, names, request.ci_level) for place, each in enumerate(chosen.gains))
    full = replace(quantity, p_value=float(found.p_values.min()), parts=parts, diagnostics=told)
    return _finished(full, problem, started, request)


def _gained(gain: Gain, steps: int, names: Sequence[str], level: float) -> Quantity:
    past = ", ".join(name + _span(steps) for name in names)
    part = Quantity("held-out gain", f"of {past}", gain.nats, gain.error, ci_level=level)
    return replace(part.with_interval(), diagnostics={"history": steps})
