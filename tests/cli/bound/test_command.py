"""`mmg bound`: results, files, exit codes, and one sentence for what is refused."""

from __future__ import annotations

import json
import signal
from pathlib import Path

import numpy as np
import pytest
from forked import python
from places import SUPPORT

MODELS = SUPPORT / "bad_models.py"
QUICK = ("--set", "temperatures=20", "--set", "chains=4", "--set", "decay=false", "--seed", 0, "-n", 32)


def test_a_built_in_model_prints_its_verdict(mmg) -> None:
    found = mmg("bound", "--model", "gaussian-channel", "--model-set", "mi=2", *QUICK)
    assert (found.code, found.err) == (0, "")
    assert found.out.startswith("verdict")
    assert "the true 2.0000 is inside" in found.out


def test_json_file_and_plot_hold_the_same_result(mmg) -> None:
    found = mmg(
        "bound", "--model", "gaussian-channel", *QUICK[:4], *QUICK[6:], "--json", "-o", "b.json", "--plot", "b.png"
    )
    assert found.code == 0, found.err
    document = json.loads(found.out)
    assert document == json.loads(Path("b.json").read_text())
    assert document["schema"] == "mmg/bound/1"
    assert document["lower"] < document["upper"]
    assert document["options"]["temperatures"] == 20
    assert Path("b.png").read_bytes()[:4] == b"\x89PNG"


def test_a_file_is_executed_with_a_plain_warning(mmg) -> None:
    found = mmg("bound", "--model", f"{MODELS}:Plain", *QUICK)
    assert found.code == 0
    assert "Warning: The file" in found.err
    assert "is executed" in found.err


def test_pairs_may_come_from_a_file(mmg) -> None:
    rng = np.random.default_rng(0)
    z = rng.standard_normal((40, 1))
    np.savez("pairs.npz", x=2 * z + rng.standard_normal((40, 2)), z=z)
    found = mmg("bound", "--model", f"{MODELS}:Plain", "--data", "pairs.npz", *QUICK[:-2], "--json")
    assert found.code == 0, found.err
    assert json.loads(found.out)["n"] == 40


def test_an_energy_needs_the_prior_and_pairs_alone(mmg) -> None:
    z = np.random.default_rng(0).standard_normal((400, 1))
    np.savez("pairs.npz", x=2 * z + np.random.default_rng(1).standard_normal((400, 2)), z=z)
    settings = ("steps=20", "width=8", "held=40", *(value for value in QUICK if "=" in str(value)))
    options = [word for setting in settings for word in ("--set", setting)]
    address = ("--model", f"{MODELS}:PriorOnly", "--data", "pairs.npz", "--plugin", "mine-ais")
    found = mmg("bound", *address, *options, "--seed", 0)
    assert found.code == 0, found.err
    assert "I(X; Z) is at least" in found.out
    assert "A lower bound in expectation" in found.out


# Keeps every state, some 260 of 20 kB or more, and is killed in the midst of them.
KILLED = """
import os, signal, sys
from mmg_registry.bounds import checkpoint
from mmg_cli.program import run

def save(self, *args):
    global large
    kept(self, *args)
    large += os.path.getsize(self.path) > 20_000
    if large == 130:
        os.kill(os.getpid(), signal.SIGKILL)

large, kept, checkpoint.EVERY, checkpoint.Checkpoint.save = 0, checkpoint.Checkpoint.save, 0.0, save
run(sys.argv[1:])
"""


def test_a_killed_run_is_gone_on_with_to_the_same_bits(mmg) -> None:
    args = ["bound", "--model", "gaussian-channel", "-n", "32", "--json", "--set", "temperatures=100", "--seed", "5"]
    done = python("-c", KILLED, *args, "--checkpoint", "run.ckpt")
    assert done.returncode == -signal.SIGKILL
    assert Path("run.ckpt").stat().st_size > 20_000
    resumed, whole = mmg(*args[:-2], "--checkpoint", "run.ckpt"), mmg(*args)
    assert (resumed.code, resumed.err) == (0, "")
    one, other = (json.loads(each.out) for each in (resumed, whole))
    assert {**one, "seconds": 0, "command": 0} == {
        **other,
        "seconds": 0,
        "command": 0,
    }  # the seed is the broken-off run's
    assert not Path("run.ckpt").exists()


@pytest.mark.parametrize(
    ("code", "content", "words"), [(4, b"?", "cannot be read as a checkpoint"), (2, None, "'keep' is a")]
)
def test_a_checkpoint_that_is_none_is_refused(mmg, code: int, content: bytes | None, words: str) -> None:
    Path("keep").mkdir() if content is None else Path("keep").write_bytes(content)
    found = mmg("bound", "--model", "gaussian-channel", "--checkpoint", "keep", *QUICK)
    assert (found.code, found.out) == (code, "")
    assert words in found.err


@pytest.mark.parametrize(
    ("code", "args", "words"),
    [
        (2, ["--model", "linear-gaussian", "--set", "temperatures=0"], "'temperatures'"),
        (2, ["--model", "linear-gaussian", "--set", "chains=0"], "'chains'"),
        (2, ["--model", "linear-gaussian", "--plugin", "iwae", "--set", "chains=0"], "'chains'"),
        (2, ["--model", "linear-gaussian", "--plugin", "mine-ais", "--set", "steps=0"], "'steps'"),
        (2, ["--model", "linear-gaussian", "--model-set", "latent=2", "--model-set", "mi=200"], "no more than 32 nats"),
        (3, ["--model", f"{MODELS}:PriorNaN", "--plugin", "mine-ais"], "log_prior returned NaN"),
        (3, ["--model", f"{MODELS}:PriorOfWrongShape", "--plugin", "mine-dv"], "not one value a row"),
        (3, ["--model", f"{MODELS}:PriorOnly", "--plugin", "mine-f"], "lacks sample"),
        (4, ["--model", f"{MODELS}:PriorElsewhere", "--plugin", "giwae"], "supports do not match"),
        (2, ["--model", "nothing"], "There is no model 'nothing'"),
        (2, ["--model", "linear-gaussian", "--model-set", "size=3"], "'size'"),
        (2, ["--model", "linear-gaussian", "-n", "8", "--data", "a.npz"], "keep one"),
        (2, ["--model", "linear-gaussian", "--plot", "a.txt"], "A plot ends in"),
        (2, [], "--model"),
        (3, ["--model", "linear-gaussian", "--plugin", "aiss"], "nearest are ais"),
        (3, ["--model", "gone.py:Model"], "no file gone.py"),
        (3, ["--model", f"{MODELS.with_name('conftest.py')}:Nobody"], "no file"),
        (3, ["--model", f"{MODELS}:Nobody"], "defines no 'Nobody'"),
        (3, ["--model", f"{MODELS}:GivesNaN"], "returned NaN"),
        (3, ["--model", f"{MODELS}:WrongShape"], "not one value a row"),
        (3, ["--model", f"{MODELS}:NotDifferentiable"], "cannot be differentiated"),
        (4, ["--model", f"{MODELS}:OtherSupport"], "supports do not match"),
        (4, ["--model", "linear-gaussian", "--data", "gone.npz"], "There is no file gone.npz"),
        (1, ["--model", f"{MODELS}:NeverAccepted"], "HMC accepts"),
    ],
)
def test_bad_input_is_one_sentence_with_its_exit_code(mmg, code: int, args: list[str], words: str) -> None:
    found = mmg("bound", *args, "-q")
    assert (found.code, found.out) == (code, "")
    assert words in found.err
    assert found.err.count("Error:") == 1
    assert len(found.err.splitlines()) == 1


def test_a_damaged_file_of_pairs_is_refused(mmg) -> None:
    np.savez("pairs.npz", x=np.ones((3, 5)), z=np.ones((3, 2)))
    Path("pairs.npz").write_bytes(Path("pairs.npz").read_bytes()[:-100])
    found = mmg("bound", "--model", "gaussian-channel", "--data", "pairs.npz")
    assert (found.code, found.err.count("\n")) == (4, 1)
    assert found.err.startswith("Error: pairs.npz cannot be read: it is damaged, truncated or not readable")


def test_a_file_without_pairs_is_refused(mmg) -> None:
    np.savez("pairs.npz", x=np.ones((3, 5)))
    found = mmg("bound", "--model", "gaussian-channel", "--data", "pairs.npz")
    assert (found.code, found.err) == (4, "Error: pairs.npz has no array z; pairs are x and z.\n")


def test_bounds_are_listed_and_shown(mmg) -> None:
    listed = mmg("plugins", "list", "--kind", "bound").out
    assert "ais" in listed
    assert "fake-gauss" not in listed
    shown = json.loads(mmg("plugins", "show", "iwae", "--json").out)
    assert (shown["kind"], shown["needs"]) == ("sandwich", "joint")
