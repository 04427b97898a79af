"""A kill while a file is written: wait until the write has begun, kill, and find the former file or the new one."""

from __future__ import annotations

import json
import os
import signal
from pathlib import Path

import pytest
import torch
from events import WATCHDOG, wait_for
from fakes import GaussianMI, gaussian_pair
from forked import finished, started
from places import SUPPORT

import mmg_registry as mmg
from mmg_registry import registry
from mmg_registry.benchmark.store import RUNS, Store, read_rows
from mmg_registry.bounds.checkpoint import Checkpoint
from mmg_registry.files import replacing

# Says when the call number argv[3] of argv[2] has begun, and waits there to be killed; then does the work argv[1].
KILLED = """
import os, sys, time
sys.path.insert(0, {support!r})
turn, count = sys.argv[3], 0
real = getattr(os, sys.argv[2])

def wait(*args):
    global count
    count += 1
    if count == int(turn):
        if real is os.write:
            real(args[0], args[1][: len(args[1]) // 2])
        print("begun", flush=True)
        time.sleep({watchdog})
    return real(*args)

setattr(os, sys.argv[2], wait)
exec(sys.argv[1])
"""
RESULT = (
    "from mmg_cli.output import write_atomically; write_atomically('r.json', lambda f: f.write(b'new' * 9999), 'It')"
)
CHECKPOINT = (
    "import torch; from mmg_registry.bounds.checkpoint import Checkpoint; kept = Checkpoint('r.ckpt', {}, every=0.0); "
    "kept.save('one', lambda: {'z': torch.full((9999,), 2.0)})"
)
ESTIMATOR = (
    "import mmg_registry as mmg; from mmg_registry import registry; from fakes import GaussianMI, gaussian_pair; "
    "registry.register(GaussianMI); x, y = gaussian_pair(); mmg.save(GaussianMI().fit(x, -y), 'model')"
)
RUN = (
    "from benchmark_rows import run_row; from mmg_registry.benchmark.store import Store; "
    "opened = Store('.'); opened.append(run_row(seed=1))"
)


@pytest.fixture(autouse=True)
def _here(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)


def kill_in(work: str, call: str, turn: int = 1) -> None:
    """Do `work` in another process and kill it in its call number `turn` of `os.call`."""
    script = KILLED.format(support=str(SUPPORT), watchdog=WATCHDOG)
    process = started("-c", script, work, call, str(turn), out=(out := Path("said")))
    wait_for(lambda: out.exists() and out.read_text() == "begun\n", still=process.is_alive)
    process.kill()
    assert finished(process) == -signal.SIGKILL
    out.unlink()


@pytest.mark.parametrize(("call", "turn", "new"), [("fsync", 1, False), ("replace", 1, False), ("fsync", 2, True)])
def test_a_result(call: str, turn: int, new: bool) -> None:
    Path("r.json").write_text("old")
    kill_in(RESULT, call, turn)
    assert Path("r.json").read_text() == ("new" * 9999 if new else "old")


@pytest.mark.parametrize(("call", "turn", "value"), [("fsync", 3, 1.0), ("replace", 2, 1.0), ("fsync", 4, 2.0)])
def test_a_checkpoint(call: str, turn: int, value: float) -> None:
    """Opening writes the file once, with what it found; the calls before `turn` belong to that."""
    Checkpoint("r.ckpt", {}, every=0.0).save("one", lambda: {"z": torch.full((9999,), 1.0)})
    kill_in(CHECKPOINT, call, turn)
    found = Checkpoint("r.ckpt", {}).stages["one"]["z"]
    assert torch.equal(found, torch.full((9999,), value))


@pytest.mark.parametrize(
    ("call", "turn", "new"),
    [("fsync", 1, False), ("replace", 1, False), ("fsync", 2, False), ("replace", 2, False), ("fsync", 4, True)],
)
def test_a_saved_estimator(call: str, turn: int, new: bool) -> None:
    registry.register(GaussianMI)
    x, y = gaussian_pair()
    former, later = GaussianMI().fit(x, y), GaussianMI().fit(x, -y)
    mmg.save(former, "model")
    kill_in(ESTIMATOR, call, turn)
    assert mmg.load("model").estimate(x, y) == (later if new else former).estimate(x, y)
    mmg.save(later, "model")  # and what the kill left is gone
    assert len(os.listdir("model")) == 2


@pytest.mark.parametrize(("call", "turn", "runs"), [("write", 1, 1), ("fsync", 2, 2)])
def test_a_run_of_a_benchmark(call: str, turn: int, runs: int) -> None:
    from benchmark_rows import run_row

    with Store(".") as opened:
        opened.append(run_row(seed=0))
    kill_in(RUN, call, turn)
    assert [row["seed"] for row in read_rows(".")] == list(range(runs))
    with Store(".") as opened:
        opened.append(run_row(seed=5))
    assert [json.loads(line)["seed"] for line in Path(RUNS).read_text().splitlines()] == [*range(runs), 5]


def test_a_block_that_fails_leaves_the_former_file() -> None:
    Path("a").write_text("old")
    with pytest.raises(ZeroDivisionError), replacing("a") as file:
        file.write(b"new" * (1 // 0))
    assert (os.listdir(), Path("a").read_text()) == (["a"], "old")
