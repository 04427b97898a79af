"""The self-check of a GPU, with the emulated kernels as the GPU: whole ones pass, corrupted ones are refused."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator, Sequence
from functools import partial
from types import SimpleNamespace
from typing import Any

import emulation
import pytest
import torch
from problems import make_problem
from torch import Tensor

from mmg_registry.core import TrainPlan, compiled, cuda, mmse_gap_many, ops, selfcheck, train_many
from mmg_registry.errors import MMGError, OptionError

needs_core = pytest.mark.skipif(compiled() is None, reason="the compiled core is not built")
CPU, GPU = torch.device("cpu"), torch.device("cuda", 0)
Results = Sequence[Tensor]


def play(call: cuda.Call, **how: Any) -> Results:
    """As a card would: wide networks here have the wide strips of large tiles."""
    wide = {"tile_rows": 32, "lanes": 256} if call.arguments["width"] == 128 else {}
    return emulation.play(call, **wide, **how)


# --- What differs -----------------------------------------------------------------------------------------------------
@needs_core
@pytest.mark.parametrize("blocks", [1, 3])
def test_the_emulated_kernels_pass_with_room_to_spare(blocks: int, monkeypatch: pytest.MonkeyPatch) -> None:
    half = {maths: {name: limit / 2 for name, limit in limits.items()} for maths, limits in selfcheck.LIMITS.items()}
    monkeypatch.setattr(selfcheck, "LIMITS", half)
    assert selfcheck.disagreement(partial(play, blocks=blocks), CPU) == ""


def other_noise(call: cuda.Call) -> Results:
    call.alive[0]["seeds"].add_(1)
    return play(call)


def other_arithmetic(call: cuda.Call) -> Results:
    """Stands for a product whose precision is silently lower than what was asked for."""
    call.arguments["tensor"] = True
    return play(call)


def dropped_bin(call: cuda.Call) -> Results:
    play(call)
    if not call.arguments["trains"]:
        call.results[0][0, 0] = 0
    return call.results


def dropped_row(call: cuda.Call) -> Results:
    play(call)
    if not call.arguments["trains"]:
        call.results[1][0, -1] = 0
    return call.results


def nan(call: cuda.Call) -> Results:
    play(call)[0].flatten()[-1] = torch.nan
    return call.results


def nothing_at_all(call: cuda.Call) -> Results:
    """A launch that never ran leaves memory as it was."""
    for part in call.results:
        part.zero_()
    return call.results


def spoilt(call: cuda.Call, by: Callable[[tuple[Tensor, ...]], object]) -> Results:
    play(call)
    if call.arguments["trains"]:
        by(call.alive[1])
    return call.results


def a_bias_that_stays(state: tuple[Tensor, ...]) -> None:
    """Three of many thousand weights."""
    start, network = selfcheck._problem(selfcheck.SMALL, CPU)[1], selfcheck.SMALL.network
    network.views(state[0][0])["b_out"].copy_(network.views(start)["b_out"])


def a_stale_average(state: tuple[Tensor, ...]) -> None:
    state[3].copy_(selfcheck._problem(selfcheck.SMALL, CPU)[1])


def other_weights(call: cuda.Call) -> Results:
    """Evaluates weights that are one part in ten off."""
    weights = call.alive[1]
    if not call.arguments["trains"]:
        weights.mul_(1.1)
    return play(call)


CORRUPTED = [
    (other_noise, "bins"), (dropped_bin, "bins"), (dropped_row, "rows"), (nan, "bins"), (nothing_at_all, "bins"),
    (other_weights, "bins"), (partial(spoilt, by=a_bias_that_stays), "weights of b_out"),
    (partial(spoilt, by=a_stale_average), "average of"),
]  # fmt: skip


@needs_core
@pytest.mark.parametrize("maths", cuda.MATHS)
@pytest.mark.parametrize(("run", "name"), CORRUPTED, ids=lambda value: getattr(value, "__name__", None))
def test_a_corrupted_device_is_refused(
    run: Callable[[cuda.Call], Results], name: str, maths: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    """In each arithmetic by itself, so that the wide limits of bf16 find it too."""
    monkeypatch.setattr(selfcheck, "LIMITS", {maths: selfcheck.LIMITS[maths]})
    assert selfcheck.disagreement(run, CPU).startswith(f"in {maths}, '{name}")


@needs_core
def test_what_only_large_problems_get_wrong_is_refused() -> None:
    def spoilt(call: cuda.Call) -> Results:
        play(call)
        if call.arguments["width"] == 128 and call.arguments["trains"]:
            call.results[0].mul_(1.01)
        return call.results

    assert selfcheck.disagreement(spoilt, CPU).startswith("in float32, 'losses' is 0.005")


@needs_core
def test_lower_precision_than_asked_for_is_refused() -> None:
    assert "in float32, 'bins' is 0.00" in selfcheck.disagreement(other_arithmetic, CPU)


@needs_core
def test_both_arithmetics_are_checked() -> None:
    assert set(selfcheck.LIMITS) == set(cuda.MATHS)

    def wrong_in_bf16(call: cuda.Call) -> Results:
        return nan(call) if call.arguments["tensor"] else play(call)

    assert selfcheck.disagreement(wrong_in_bf16, CPU).startswith("in bf16, 'bins' is nan")


# --- What follows -----------------------------------------------------------------------------------------------------
@pytest.fixture
def card(monkeypatch: pytest.MonkeyPatch) -> Iterator[SimpleNamespace]:
    """A GPU that is there and whose check says what `card.says` is, or raises it; `asked` counts."""
    card = SimpleNamespace(says="", asked=[], launched=[])

    def disagreement(run: object, place: torch.device) -> str:
        card.asked.append(place)
        if isinstance(card.says, Exception):
            raise card.says
        return card.says

    monkeypatch.setattr(selfcheck, "disagreement", disagreement)
    monkeypatch.setattr(cuda, "unusable", lambda device: "")
    monkeypatch.setattr(torch.cuda, "current_device", lambda: 0)
    monkeypatch.setattr(cuda, "launch", lambda call: card.launched.append(call))
    selfcheck.verdict.cache_clear()
    yield card
    selfcheck.verdict.cache_clear()


def test_a_device_is_asked_once(card: SimpleNamespace) -> None:
    call = cuda.Call({}, (), (SimpleNamespace(device=GPU),))
    for _ in range(2):
        assert selfcheck.chosen_device("cuda:0") == GPU
        selfcheck.launch(call)
    assert card.asked == [GPU]
    assert card.launched == [call, call]
    assert selfcheck.chosen_device("cuda:1").index == 1
    assert len(card.asked) == 2
    selfcheck.chosen_device("auto")
    assert len(card.asked) == 2


def test_one_that_differs_is_refused_with_the_difference_and_the_way_out(card: SimpleNamespace) -> None:
    card.says = "in bf16, 'bins' is 0.3 (relative) off the CPU core's, and 0.04 is allowed"
    words = re.escape(f"The device 'cuda:0' cannot be used: the self-check failed: {card.says}; use --device cpu.")
    with pytest.raises(OptionError, match=words):
        selfcheck.chosen_device("cuda:0")
    with pytest.raises(OptionError, match=words):
        selfcheck.launch(cuda.Call({}, (), (SimpleNamespace(device=GPU),)))
    assert not card.launched


def test_one_whose_check_breaks_is_refused(card: SimpleNamespace) -> None:
    card.says = RuntimeError("CUDA error: an illegal memory access was encountered\nmore of it.")
    with pytest.raises(
        OptionError, match=r"the self-check could not run: RuntimeError: CUDA error.*; use --device cpu"
    ):
        selfcheck.chosen_device("cuda")
    assert len(card.asked) == 1
    with pytest.raises(OptionError):
        selfcheck.chosen_device("cuda")
    assert len(card.asked) == 1


def test_memory_that_is_short_now_may_be_there_later(card: SimpleNamespace) -> None:
    card.says = MMGError("GPU 0 has no 3 MB left.")
    with pytest.raises(MMGError, match="3 MB"):
        selfcheck.chosen_device("cuda")
    card.says = ""
    assert selfcheck.chosen_device("cuda") == GPU


@needs_core
def test_no_op_goes_round_the_check(monkeypatch: pytest.MonkeyPatch) -> None:
    """Each hands its launch to this module."""

    def refuse(call: cuda.Call) -> Results:
        raise OptionError("refused")

    monkeypatch.setattr(selfcheck, "launch", refuse)
    monkeypatch.setattr(ops, "on_gpu", lambda given: True)
    case = make_problem(2, 2, 64, 1, n=10)
    plan = TrainPlan(batch=8, hold_until=1, total=1)
    many, weights = case.problem().batch(), case.weights[None]
    for run in (
        lambda: case.train(plan, 1),
        case.grad,
        case.gap,
        lambda: train_many(many, selfcheck._state(weights), plan, range(1)),
        lambda: mmse_gap_many(many, weights, 1),
    ):
        with pytest.raises(OptionError, match="refused"):
            run()
