"""Checkpoints: what is kept, whose it is, and that a broken-off run ends in the same bits."""

from __future__ import annotations

import json
import signal
from pathlib import Path
from typing import Any

import pytest
import torch
from bad_models import Encoded
from events import wait_for
from forked import finished, started
from places import SUPPORT

import mmg_registry as mmg
from mmg_registry.bounds import checkpoint
from mmg_registry.bounds.checkpoint import Checkpoint, Stages, request_of
from mmg_registry.contracts import Progress
from mmg_registry.errors import DataError, MMGError, OptionError

AIS = {"plugin": "ais", "temperatures": 32, "chains": 3, "n": 8, "decay": True}
ENERGY = {"steps": 12, "width": 8, "batch": 16, "temperatures": 6, "chains": 2, "n": 16, "decay": False}
RUNS: dict[str, dict[str, Any]] = {
    "ais": AIS,
    "ais, coupled": {**AIS, "method": "coupled"},
    "iwae": {"plugin": "iwae", "chains": 100, "n": 8},
    "giwae": {"plugin": "giwae", "critic": "learned", "steps": 12, "width": 8, "batch": 16, "chains": 40, "n": 8},
    "mine-ais": {"plugin": "mine-ais", **ENERGY},
    "mine-dv": {"plugin": "mine-dv", **ENERGY},
}


class Stopper:
    """Progress that breaks the run off at its report number `at`."""

    def __init__(self, at: int) -> None:
        self.left = at

    def __call__(self, progress: Progress) -> None:
        self.left -= 1
        if not self.left:
            raise KeyboardInterrupt


def essence(found: mmg.Bound) -> str:
    return json.dumps({key: value for key, value in found.to_dict().items() if key != "seconds"})


@pytest.mark.parametrize("name", RUNS)
def test_a_broken_off_run_ends_in_the_same_bits(name: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(checkpoint, "EVERY", 0.0)
    monkeypatch.setattr("mmg_registry.annealing.importance.BLOCK", 64)
    choices = {**RUNS[name], "seed": 3}
    events: list[Progress] = []
    whole = essence(mmg.bound(Encoded(), progress=events.append, **choices))
    file = tmp_path / "run.ckpt"
    for at in (2, len(events) // 3, len(events) // 3):  # three breaks, each after what came before
        with pytest.raises(KeyboardInterrupt):
            mmg.bound(Encoded(), checkpoint=str(file), progress=Stopper(max(2, at)), **choices)
        assert file.exists()
    reports: list[Progress] = []
    assert essence(mmg.bound(Encoded(), checkpoint=str(file), progress=reports.append, **choices)) == whole
    assert len(reports) < len(events)  # what was done was not done again
    assert list(tmp_path.iterdir()) == []


# Bounds with a write at each chance, and waits to be killed in the write number argv[2].
KILLED = """
import os, sys, time
sys.path.insert(0, sys.argv[1])
import mmg_registry as mmg
from bad_models import Encoded
from events import wait_for
from forked import finished, started
from mmg_registry.bounds import checkpoint

def wait(*paths, real=os.replace, turns=iter(range(int(sys.argv[2]) - 1))):
    if next(turns, None) is None:
        print("begun", flush=True)
        time.sleep(600)
    real(*paths)

os.replace, checkpoint.EVERY = wait, 0.0
mmg.bound(Encoded(), checkpoint="run.ckpt", seed=3, **%r)
"""


@pytest.mark.parametrize("writes", [1, 2, 9])
def test_a_run_that_was_killed_in_a_write_ends_in_the_same_bits(
    writes: int, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    whole = essence(mmg.bound(Encoded(), seed=3, **AIS))
    process = started("-c", KILLED % AIS, str(SUPPORT), str(writes), out=(out := Path("said")))
    wait_for(lambda: out.exists() and out.read_text() == "begun\n", still=process.is_alive)
    process.kill()
    assert finished(process) == -signal.SIGKILL
    out.unlink()
    assert Path("run.ckpt").exists() == (writes > 1)
    assert essence(mmg.bound(Encoded(), checkpoint="run.ckpt", seed=3, **AIS)) == whole
    assert not Path("run.ckpt").exists()


def test_nothing_is_written_before_it_is_due(tmp_path: Path) -> None:
    kept = Checkpoint(str(tmp_path / "a"), {}, every=1000.0)
    (Stages(kept) / "one").save(lambda: pytest.fail("a state was made for nothing"))
    (Stages(kept) / "two" / "part").save(lambda: {"z": torch.zeros(1)}, finished=True)
    assert Checkpoint(str(tmp_path / "a"), {}).stages == {}
    assert list(kept.stages) == ["two/part"]


def test_a_finished_stage_is_kept_with_the_next_write(tmp_path: Path) -> None:
    kept = Checkpoint(str(tmp_path / "a"), {"seed": 1}, every=1000.0)
    kept.save("one", lambda: {"z": torch.arange(6.0).view(2, 3).T}, finished=True)
    kept.every = 0.0
    kept.save("two", lambda: {"n": torch.tensor(7)})
    again = Checkpoint(str(tmp_path / "a"), {"seed": 1})
    assert torch.equal(again.stages["one"]["z"], torch.arange(6.0).view(2, 3).T)
    assert int(again.stages["two"]["n"]) == 7
    assert request_of(str(tmp_path / "a")) == {"seed": 1}


def test_a_state_is_what_it_was_when_it_was_saved(tmp_path: Path) -> None:
    kept, z = Checkpoint(str(tmp_path / "a"), {}, every=0.0), torch.zeros(2)
    kept.save("one", lambda: {"z": z})
    z += 1
    assert kept.stages["one"]["z"].tolist() == [0.0, 0.0]


@pytest.mark.parametrize(
    ("choices", "words"),
    [
        ({"seed": 4}, "another pairs or model, seed"),
        ({"temperatures": 33}, "another options"),
        ({"n": 9}, "another pairs"),
    ],
)
def test_the_checkpoint_of_another_run_is_refused(choices: dict, words: str, tmp_path: Path) -> None:
    file = str(tmp_path / "run.ckpt")
    with pytest.raises(KeyboardInterrupt):
        mmg.bound(Encoded(), checkpoint=file, progress=Stopper(2), **{**AIS, "seed": 3})
    with pytest.raises(OptionError, match=words):
        mmg.bound(Encoded(), checkpoint=file, **{**AIS, "seed": 3, **choices})
    assert Path(file).exists()


@pytest.mark.parametrize("content", [b"", b"PK\x03\x04 nothing of ours", b"\x80\x04N."])
def test_a_damaged_checkpoint_is_refused(content: bytes, tmp_path: Path) -> None:
    (tmp_path / "a").write_bytes(content)
    with pytest.raises(DataError, match="cannot be read as a checkpoint"):
        mmg.bound(Encoded(), checkpoint=str(tmp_path / "a"), **AIS)


@pytest.mark.parametrize("place", ["request", "seed", "z", "shape"])
def test_a_flipped_bit_is_refused(place: str, tmp_path: Path) -> None:
    Checkpoint(str(tmp_path / "a"), {"seed": 4}, every=0.0).save("one", lambda: {"z": torch.full((4,), 1.5)})
    whole = (tmp_path / "a").read_bytes()
    words = {"seed": (b'seed\\": 4', b'seed\\": 5'), "shape": (b'"shape":[4]', b'"shape":[ 4]')}
    flips = {"request": (b"request", b"requesu"), "z": (whole[-4:], b"\x01" + whole[-3:]), **words}
    old, new = flips[place]
    changed = whole.replace(old, new)
    assert changed != whole
    (tmp_path / "a").write_bytes(changed)
    with pytest.raises(DataError, match=r"/a (is damaged|cannot be read)"):
        request_of(str(tmp_path / "a"))


def test_a_checkpoint_without_a_checksum_is_refused(tmp_path: Path) -> None:
    from safetensors.torch import save_file

    about = {"schema": "mmg/bound-checkpoint/1", "request": "{}"}
    save_file({"one/z": torch.ones(1)}, tmp_path / "a", about)
    with pytest.raises(DataError, match=r"its schema is 'mmg/bound-checkpoint/1', and this reads 'mmg/bound-check"):
        Checkpoint(str(tmp_path / "a"), {})


def test_tensors_of_others_are_no_checkpoint(tmp_path: Path) -> None:
    from safetensors.torch import save_file

    save_file({"w": torch.ones(1)}, tmp_path / "a")
    with pytest.raises(DataError, match="is no checkpoint of a bound"):
        mmg.bound(Encoded(), checkpoint=str(tmp_path / "a"), **AIS)


def test_a_folder_that_is_gone_is_told_before_and_during_the_run(tmp_path: Path) -> None:
    with pytest.raises(OptionError, match="cannot be written: No such file"):
        Checkpoint(str(tmp_path / "gone" / "a"), {})
    folder = tmp_path / "going"
    folder.mkdir()
    kept = Checkpoint(str(folder / "a"), {}, every=0.0)
    (folder / "a").unlink()
    folder.rmdir()
    with pytest.raises(MMGError, match="cannot be written: No such file"):
        kept.save("one", lambda: {"z": torch.zeros(1)})
