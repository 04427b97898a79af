"""The ops as torch.library knows them, and what they refuse before an address leaves Python."""

from __future__ import annotations

import math
from collections import Counter
from collections.abc import Callable
from dataclasses import replace
from typing import Any

import pytest
import torch
from problems import ISAS, Case, fresh_state, make_problem, uneven_proposal
from torch import Tensor

from mmg_registry.core import (
    Network,
    Problems,
    Proposal,
    TrainPlan,
    checks,
    compiled,
    mmse_gap_many,
    op_checks,
    ops,
    reference,
)

pytestmark = pytest.mark.skipif(not ISAS, reason="the compiled core is not built")
NAN = math.nan
SMALL = TrainPlan(batch=8, warmup=0, hold_until=3, total=3)


def flat(problem: Case) -> list[Any]:
    """The arguments that all three schemas share, from x to seed."""
    q = problem.proposal
    sizes = [problem.network.width, problem.network.depth, problem.network.context, 1]
    return [problem.x, problem.y, problem.rho, q.edges, q.cdf, q.loc, q.scale, *sizes]


def train_arguments(problem: Case) -> list[Any]:
    plan = [0, 2, SMALL.batch, SMALL.warmup, SMALL.hold_until, SMALL.total]
    rates = [SMALL.lr, SMALL.beta1, SMALL.beta2, SMALL.eps, SMALL.weight_decay, SMALL.ema_decay]
    return [*fresh_state(problem.weights), *flat(problem), plan, rates, 1, ""]


def grad_arguments(problem: Case) -> list[Any]:
    return [problem.weights, *flat(problem), 0, 8, 1, ""]


def gap_arguments(problem: Case) -> list[Any]:
    return [problem.weights, *flat(problem), 2, 1, ""]


OPS = {"train_denoiser": train_arguments, "denoiser_grad": grad_arguments, "mmse_gap": gap_arguments}


# --- torch.library --------------------------------------------------------------------------------------------------
@pytest.mark.parametrize("name", OPS)
def test_opcheck(name: str) -> None:
    """Schema (what is mutated, nothing aliased) and the fake kernel's shapes.

    Left out: autograd registration and its trace, for no op is differentiable: training is inside.
    """
    op = getattr(torch.ops.mmg, name).default
    torch.library.opcheck(op, OPS[name](make_problem(n=50)), test_utils=("test_schema", "test_faketensor"))


@pytest.mark.parametrize("name", OPS)
def test_fake_kernels_predict_shapes_and_types(name: str) -> None:
    from torch._subclasses.fake_tensor import FakeTensorMode

    arguments = OPS[name](make_problem(n=50))
    op = getattr(torch.ops.mmg, name)
    with FakeTensorMode() as mode:
        fake = op(*(mode.from_tensor(a) if isinstance(a, Tensor) else a for a in arguments))
    real = op(*arguments)
    for guess, value in zip(*((r if isinstance(r, tuple) else (r,)) for r in (fake, real)), strict=True):
        assert (guess.shape, guess.dtype, guess.device) == (value.shape, value.dtype, value.device)


def test_ops_do_not_change_their_inputs() -> None:
    problem = make_problem(n=50)
    for name, of in OPS.items():
        before, after = of(problem), of(problem)
        getattr(torch.ops.mmg, name)(*after)
        changed = [
            i for i, (a, b) in enumerate(zip(before, after, strict=True)) if isinstance(a, Tensor) and not a.equal(b)
        ]
        assert changed == ([0, 1, 2, 3] if name == "train_denoiser" else [])


def test_zero_steps_change_nothing() -> None:
    problem = make_problem(n=50)
    state, losses = problem.train(SMALL, 0)
    assert losses.shape == (0, 2)
    assert all(map(torch.equal, state, fresh_state(problem.weights)))


# --- Tensors that are refused ---------------------------------------------------------------------------------------
def with_tensor(name: str, tensor: Tensor) -> Case:
    """A problem with one tensor replaced."""
    problem = make_problem(n=50)
    if name in ("edges", "cdf"):
        return replace(problem, proposal=replace(problem.proposal, **{name: tensor}))
    return replace(problem, **{name: tensor})


def genuine(name: str) -> Tensor:
    problem = make_problem(n=50)
    tensor: Tensor = getattr(problem.proposal if name in ("edges", "cdf") else problem, name)
    return tensor


def call_every_op(problem: Case) -> list[Callable[[], Any]]:
    state = (problem.weights, *fresh_state(problem.weights)[1:])
    return [problem.grad, problem.gap, lambda: problem.train(SMALL, 1, state)]


SPOILERS = {
    "dtype": lambda t: t.half(),
    "layout": lambda t: torch.stack([t, t], -1)[..., 0],
    "device": lambda t: t.to("meta"),
    "dimensions": lambda t: t[None],
    "scalar": lambda t: t.flatten()[0],
}


@pytest.mark.parametrize("spoiler", SPOILERS)
@pytest.mark.parametrize("name", ["x", "y", "rho", "edges", "cdf", "weights"])
def test_a_tensor_that_cannot_be_read_is_refused_by_name(name: str, spoiler: str) -> None:
    problem = with_tensor(name, SPOILERS[spoiler](genuine(name)))
    for call in call_every_op(problem):
        with pytest.raises(ValueError, match=rf"'{name}' must be a contiguous .* tensor of shape .*, not a"):
            call()


@pytest.mark.parametrize(
    ("name", "tensor", "sentence"),
    [
        ("weights", torch.zeros(7), r"'weights' must be .* of shape \(\d+\)"),
        ("y", torch.zeros(49, 2), r"'y' must be .* of shape \(50, \*\), not .* \(49, 2\)"),
        ("x", torch.zeros(0, 3), r"'x' must be .* of shape \(\*, \*\), not .* \(0, 3\)"),
        ("y", torch.zeros(50, 0), "'y' must be"),
        ("x", torch.zeros(50, 4), r"The network is for 3\+2 columns, the data have 4\+2"),
        ("rho", torch.zeros(3, dtype=torch.float64), "'length of rho' must lie between 0 and 2, not 3"),
        ("rho", torch.tensor([1.1], dtype=torch.float64), "'rho' must hold correlations"),
        ("rho", torch.tensor([NAN], dtype=torch.float64), "'rho' must hold correlations"),
        ("edges", torch.tensor([0.0]), "'cdf' must be"),
        ("edges", torch.linspace(1.0, 0.0, 33), "'edges' must be two or more finite, increasing"),
        ("edges", torch.full((33,), NAN), "'edges' must be two or more finite, increasing"),
        ("edges", torch.linspace(0.0, math.inf, 33), "'edges' must be two or more finite, increasing"),
        ("cdf", torch.zeros(32), "'cdf' must be"),
    ],
)
def test_a_tensor_of_wrong_size_or_content_is_refused_by_name(name: str, tensor: Tensor, sentence: str) -> None:
    for call in call_every_op(with_tensor(name, tensor)):
        with pytest.raises(ValueError, match=sentence):
            call()


@pytest.mark.parametrize(
    "cdf",
    [
        [0, 0.5, 0.5, 0.7, 0.9, 1],
        [0, 0.6, 0.5, 0.7, 0.9, 1],
        [0.1, 0.2, 0.3, 0.4, 0.5, 1],
        [0, 0.2, 0.3, 0.4, 0.5, 0.6],
        [NAN] * 6,
    ],
)
def test_masses_that_do_not_fill_every_bin_are_refused(cdf: list[float]) -> None:
    problem = make_problem(n=50, proposal=replace(uneven_proposal(), cdf=torch.tensor(cdf)))
    for call in call_every_op(problem):
        with pytest.raises(ValueError, match="'cdf' must increase from 0 to 1"):
            call()


def test_state_tensors_that_share_memory_are_refused() -> None:
    problem = make_problem(n=50)
    w, m, v, _ = fresh_state(problem.weights)
    with pytest.raises(ValueError, match="memory of its own"):
        problem.train(SMALL, 1, (w, m, v, w))


@pytest.mark.parametrize("place", range(1, 4))
def test_a_state_of_another_size_is_refused_by_name(place: int) -> None:
    problem = make_problem(n=50)
    state = list(fresh_state(problem.weights))
    state[place] = state[place][:-1].clone()
    with pytest.raises(ValueError, match=f"'{('weights', 'm', 'v', 'ema')[place]}' must be"):
        problem.train(SMALL, 1, tuple(state))  # type: ignore[arg-type]


# --- Numbers that are refused ---------------------------------------------------------------------------------------
@pytest.mark.parametrize(
    ("how", "sentence"),
    [
        ({"seed": -1}, "'seed' must lie between 0 and"),
        ({"threads": 0}, "'threads' must lie between 1 and 1,024, not 0"),
        ({"threads": -2}, "'threads'"),
        ({"threads": 10**6}, "'threads'"),
    ],
)
def test_a_number_out_of_range_is_refused_by_name(how: dict[str, int], sentence: str) -> None:
    problem = make_problem(n=50)
    for op in (problem.grad, problem.gap, lambda **how: problem.train(SMALL, 1, **how)):
        with pytest.raises(ValueError, match=sentence):
            op(**how)


@pytest.mark.parametrize("repeats", [0, -1, 2**24 + 1])
def test_repeats_out_of_range_are_refused(repeats: int) -> None:
    with pytest.raises(ValueError, match="'repeats' must lie between 1 and"):
        make_problem(n=50).gap(repeats=repeats)


@pytest.mark.parametrize(
    ("how", "name"),
    [({"batch": 0}, "batch"), ({"batch": 2**25}, "batch"), ({"step": -1}, "step"), ({"step": 2**32}, "step")],
)
def test_a_batch_or_step_out_of_range_is_refused(how: dict[str, int], name: str) -> None:
    with pytest.raises(ValueError, match=f"'{name}' must lie between"):
        make_problem(n=50).grad(**how)


@pytest.mark.parametrize(
    ("n_steps", "first_step", "name"),
    [(-1, 0, "n_steps"), (1, -1, "first_step"), (1, 2**32, "first_step"), (10, 2**32 - 5, "n_steps")],
)
def test_steps_that_no_counter_holds_are_refused(n_steps: int, first_step: int, name: str) -> None:
    with pytest.raises(ValueError, match=f"'{name}' must lie between"):
        make_problem(n=50).train(SMALL, n_steps, first_step=first_step)


@pytest.mark.parametrize(
    ("width", "depth", "name"),
    [(0, 1, "width"), (1, 1, "width"), (2**20, 1, "width"), (8, 0, "depth"), (8, 17, "depth")],
)
def test_a_network_that_the_core_cannot_hold_is_refused(width: int, depth: int, name: str) -> None:
    problem = replace(make_problem(n=50), network=Network(3, 2, width, depth))
    for call in call_every_op(problem):
        with pytest.raises(ValueError, match=f"'{name}' must lie between"):
            call()


# --- The raw ops, where no wrapper has looked -----------------------------------------------------------------------
def raw(name: str, **changes: Any) -> Any:
    """Call a raw op with some arguments replaced, by the names of its schema."""
    op = getattr(torch.ops.mmg, name).default
    names = [a.name for a in op._schema.arguments]
    arguments = dict(zip(names, OPS[name](make_problem(n=50)), strict=True))
    return op(*(arguments | changes).values())


@pytest.mark.parametrize("name", OPS)
@pytest.mark.parametrize(
    ("changes", "sentence"),
    [
        ({"loc": 1e6}, "two increasing probabilities"),
        ({"loc": -1e6}, "two increasing probabilities"),
        ({"loc": NAN}, "finite 'loc'"),
        ({"loc": math.inf}, "finite 'loc'"),
        ({"scale": 1e-6}, "two increasing probabilities"),
        ({"scale": -3.0}, "'scale' >= 0"),
        ({"scale": NAN}, "'scale' >= 0"),
        ({"scale": math.inf}, "'scale' >= 0"),
        ({"edges": torch.zeros(0), "cdf": torch.zeros(0)}, "'edges' must be"),
        ({"x": torch.zeros(50)}, "'x' must be"),
        ({"width": 16}, "'weights' must be"),
        ({"isa": "mmx"}, "'mmx' is not available on this machine"),
    ],
)
def test_raw_ops_refuse_the_same(name: str, changes: dict[str, Any], sentence: str) -> None:
    with pytest.raises(ValueError, match=sentence):
        raw(name, **changes)


@pytest.mark.parametrize(
    ("changes", "sentence"),
    [
        ({"plan": [0, 1, 8, 0, 3]}, "must hold six numbers each"),
        ({"rates": []}, "must hold six numbers each"),
        ({"plan": [0, 1, 0, 0, 3, 3]}, "training plan needs batch >= 1"),
        ({"plan": [0, -1, 8, 0, 3, 3]}, "'n_steps' must lie between"),
        ({"plan": [0, 1, 2**25, 0, 3, 3]}, "'batch' must lie between"),
        ({"plan": [0, 1, 8, -1, 3, 3]}, "training plan needs .* warmup >= 0"),
        ({"plan": [0, 1, 8, 0, 3, 2]}, "total"),
        ({"plan": [0, 1, 8, 0, 3, 2**33]}, "'total' must lie between"),
        ({"rates": [NAN, 0.9, 0.99, 1e-8, 0.0, 0.999]}, "training plan needs"),
        ({"rates": [1e-3, 1.0, 0.99, 1e-8, 0.0, 0.999]}, "training plan needs"),
    ],
)
def test_raw_training_refuses_a_wrong_plan(changes: dict[str, Any], sentence: str) -> None:
    with pytest.raises(ValueError, match=sentence):
        raw("train_denoiser", **changes)


# --- Without the compiled core --------------------------------------------------------------------------------------
@pytest.fixture
def no_core(monkeypatch: pytest.MonkeyPatch) -> None:
    for module in (ops, checks):
        monkeypatch.setattr(module, "compiled", lambda: None)


@pytest.mark.usefixtures("no_core")
def test_the_reference_takes_over_with_the_same_results() -> None:
    problem = make_problem(n=50)
    expected = reference.denoiser_grad(problem.problem(), problem.weights, step=3, batch=128)
    assert all(map(torch.equal, problem.grad(), expected))
    assert all(map(torch.equal, problem.gap(), problem.reference_gap()))
    state, losses = problem.train(SMALL, 2)
    assert losses.shape == (2, 2)
    assert not torch.equal(state[0], problem.weights)


@pytest.mark.usefixtures("no_core")
def test_the_reference_refuses_the_same() -> None:
    for call in call_every_op(with_tensor("x", genuine("x").half())):
        with pytest.raises(ValueError, match="'x' must be"):
            call()
    with pytest.raises(ValueError, match="'x' must be"):
        raw("mmse_gap", x=genuine("x").half())


@pytest.mark.usefixtures("no_core")
@pytest.mark.parametrize("name", OPS)
def test_the_reference_takes_over_behind_the_raw_ops_too(name: str, monkeypatch: pytest.MonkeyPatch) -> None:
    found = raw(name)
    monkeypatch.undo()
    for a, b in zip(*((r if isinstance(r, tuple) else (r,)) for r in (found, raw(name))), strict=True):
        torch.testing.assert_close(a, b, rtol=1e-3, atol=1e-3)


@pytest.mark.parametrize("name", ["mmse_gap", "denoiser_grad", "train_denoiser"])
def test_without_the_compiled_module_its_calls_say_so(name: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(checks, "compiled", lambda: None)
    with pytest.raises(RuntimeError, match="mmg doctor"):
        raw(name)


# --- How often ------------------------------------------------------------------------------------------------------
@pytest.fixture
def counted(monkeypatch: pytest.MonkeyPatch) -> Counter[str]:
    """How often each check of a problem, a plan and so on was asked, by its name."""
    counts: Counter[str] = Counter()

    def counting(name: str) -> Callable[..., None]:
        genuine_check = getattr(op_checks, name)

        def check(*arguments: Any) -> None:
            counts[name] += 1
            genuine_check(*arguments)

        return check

    for name in [name for name in vars(op_checks) if name.startswith(("check_", "_check_"))]:
        if name != "check_range":
            monkeypatch.setattr(op_checks, name, counting(name))
    return counts


ONCE = {"check_problem", "_check_rows", "_check_rho", "_check_proposal", "_check_network"}


@pytest.mark.parametrize("reach", ["by an object", "by flat arguments"])
@pytest.mark.parametrize("name", OPS)
def test_an_op_is_checked_once(name: str, reach: str, counted: Counter[str]) -> None:
    problem = make_problem(n=50)
    calls = {"train_denoiser": lambda: problem.train(SMALL, 1), "denoiser_grad": problem.grad, "mmse_gap": problem.gap}
    calls[name]() if reach == "by an object" else raw(name)
    assert set(counted) > ONCE
    assert set(counted.values()) == {1}


def test_each_of_many_problems_is_checked_once(counted: Counter[str]) -> None:
    problem = make_problem(n=50)
    mmse_gap_many(Problems.of([problem.problem(seed) for seed in range(3)]), torch.stack([problem.weights] * 3), 1)
    assert {counted[name] for name in ONCE} == {3}


@pytest.mark.parametrize("context", [-1, 3])
def test_a_context_that_leaves_nothing_to_noise_is_refused(context: int) -> None:
    problem = replace(make_problem(n=50), network=Network(3, 2, 8, 1, context))
    with pytest.raises(ValueError, match="'context'"):
        problem.gap()


def test_largest_depth_is_the_compiled_one() -> None:
    core: Any = compiled()
    assert core.MAX_DEPTH == op_checks.MAX_DEPTH


def test_a_correlation_of_one_is_no_error() -> None:
    """s^2 = 0: y tells all of that coordinate, and the conditional error is zero, not NaN."""
    problem = replace(make_problem(n=50), rho=torch.tensor([1.0, 0.2], dtype=torch.float64))
    bins, rows = problem.gap()
    assert bool(bins.isfinite().all())
    assert bool(rows.isfinite().all())


def test_proposals_of_one_bin_are_taken() -> None:
    bins, _ = make_problem(n=50, proposal=Proposal.uniform(-5.0, 5.0, 1)).gap()
    assert bins.shape[0] == 1
    assert bins[0, 0] == 200
