"""A result is repeated from the command that it holds, and compared to the bit."""

from __future__ import annotations

import json
from pathlib import Path

import numpy as np

from mmg_registry.results import Estimate


def written(estimate, seed: int = 3) -> dict:
    rng = np.random.default_rng(0)
    x = rng.normal(size=(60, 1))
    np.savez("data.npz", x=x, y=x + rng.normal(size=(60, 1)))
    done = estimate("data.npz", "--seed", seed, "-o", "result.json", "-q", plugin="gaussian")
    assert done.code == 0, done.err
    return json.loads(Path("result.json").read_text())


def test_a_result_is_the_same_to_the_bit(mmg, estimate) -> None:
    assert written(estimate)["command"] == ["estimate", "--plugin", "gaussian", "data.npz", "--seed", "3"]
    done = mmg("rerun", "result.json")
    assert (done.code, done.out, done.err) == (0, "The result is the same to the bit.\n", "")


def test_other_data_and_other_values_are_told(mmg, estimate) -> None:
    document = written(estimate)
    Path("result.json").write_text(json.dumps({**document, "mi": document["mi"] + 0.25, "data_sha256": "0" * 64}))
    done = mmg("rerun", "result.json")
    assert done.code == 1
    assert done.out.startswith("The result differs, by 0.25 at most:\nVALUE")
    assert "Warning: The data are not those of the result" in done.err
    told = json.loads(mmg("rerun", "result.json", "--json", "-q").out)
    assert [each["name"] for each in told["differences"]] == ["mi"]


def test_a_result_from_python_holds_no_command(mmg) -> None:
    Path("result.json").write_text(Estimate(1.0).to_json())
    done = mmg("rerun", "result.json")
    assert (done.code, "holds no command to repeat" in done.err) == (4, True)
