"""`mmg benchmark mnist`: rows at once, the table, resumption, and one sentence for everything that cannot be."""

from __future__ import annotations

import json
import os
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from forked import python
from mnist_images import blobs, write_idx

SMALL = ("--rows", "2,4", "--step", 2, "--latent-dim", 2, "--hidden", 16, "--autoencoder-steps", 20, "--threads", 1)


@pytest.fixture
def images() -> str:
    """A file of 200 small images in the working folder."""
    np.savez("images.npz", images=blobs())
    return "images.npz"


@pytest.fixture
def suite(mmg: Callable[..., Any], images: str) -> Callable[..., Any]:
    """The command on these images, into the folder `out`, with the fake estimator unless another is given."""

    def call(*args: object, plugin: str = "fake-gauss", file: str = images) -> Any:
        return mmg("benchmark", "mnist", "--mnist", file, "--out", "out", "--plugin", plugin, *SMALL, *args)

    return call


def lines() -> list[dict[str, Any]]:
    return [json.loads(line) for line in Path("out/mnist.jsonl").read_text().splitlines()]


def refused(result: Any, code: int) -> str:
    assert (result.code, result.out) == (code, "")
    assert result.err.startswith("Error: ")
    assert result.err.count("\n") == 1
    return str(result.err.removeprefix("Error: ").rstrip("\n"))


# ------------------------------------------------------------------------------------------ running
def test_all_three_tests_are_rows_a_table_and_a_document(suite: Callable[..., Any]) -> None:
    result = suite()
    assert result.code == 0
    names = ["single-8", "single-2", "single-4", "joint-4-2", "single-6", "joint-6-4", "double-2", "double-4"]
    assert [row["task"] for row in lines()] == names
    assert {row["schema"] for row in lines()} == {"mmg/mnist-term/1"}
    head, *table = result.out.splitlines()
    assert head.split()[:6] == ["PLUGIN", "TEST", "ROWS", "RATIO", "STD", "ERR"]
    assert [line.split()[1:3] for line in table] == [
        ["baseline", "2"], ["baseline", "4"], ["data-processing", "2"], ["data-processing", "4"],
        ["additivity", "2"], ["additivity", "4"],
    ]  # fmt: skip
    document = json.loads(Path("out/ratios.json").read_text())
    assert all(document[key] == lines()[0][key] for key in ("sha256", "space", "noise", "machine", "revision"))
    first = document["ratios"][0]
    assert first["ratio"] == pytest.approx(first["above"]["mi"] / first["below"]["mi"])
    assert (first["above"]["formula"], first["below"]["formula"]) == ("I(A; B_2)", "I(A; B_8)")


def test_what_happens_is_told_on_stderr_unless_quiet(suite: Callable[..., Any]) -> None:
    told = suite("--test", "baseline").err.splitlines()
    assert told[0].startswith("The autoencoder of seed 0 took ")
    assert told[1].startswith("[1/3] I(A; B_8) by fake-gauss, seed 0: ")
    assert suite("--test", "additivity", "--resume", "-q").err == ""


def test_json_is_one_document(suite: Callable[..., Any]) -> None:
    result = suite("--json", "-q", "--test", "data-processing", "--seeds", 2)
    document = json.loads(result.out)
    assert document == json.loads(Path("out/ratios.json").read_text())
    assert [each["seeds"] for each in document["ratios"]] == [2, 2]


def test_finished_estimates_are_not_repeated(suite: Callable[..., Any]) -> None:
    suite("--test", "baseline", "-q")
    before = Path("out/mnist.jsonl").read_bytes()
    assert "--resume" in refused(suite("-q"), 2)
    result = suite("--resume")
    assert result.code == 0
    assert Path("out/mnist.jsonl").read_bytes().startswith(before)
    assert len(lines()) == 8
    assert "additivity" in result.out
    again = suite("--resume")
    assert len(lines()) == 8
    assert (again.out, again.err) == (result.out, "")


def test_every_row_is_on_the_disk_before_the_next_begins(suite: Callable[..., Any]) -> None:
    """An interruption in the first estimate of the second plugin leaves all rows of the first."""
    result = suite("--test", "baseline", plugin="fake-gauss,fake-interrupt")
    assert result.code == 130
    assert "3 of 6 estimates are finished and kept; --resume goes on.\n" in result.err
    assert [row["plugin"] for row in lines()] == ["fake-gauss"] * 3


def test_a_failed_estimate_is_a_row_and_the_others_go_on(suite: Callable[..., Any]) -> None:
    result = suite("--test", "baseline", plugin="fake-crash,fake-gauss")
    assert result.code == 1
    assert result.err.splitlines()[-1] == "Error: 3 of 6 estimates failed; out/mnist.jsonl has their errors."
    assert [row["status"] for row in lines()] == ["failed"] * 3 + ["ok"] * 3
    assert "fake-gauss" in result.out
    assert any(line.split()[:4] == ["fake-crash", "baseline", "2", "-"] for line in result.out.splitlines())
    suite("--test", "baseline", "--resume", plugin="fake-crash")
    assert len(lines()) == 9  # what failed is tried again


def test_options_reach_the_plugin_and_name_it(suite: Callable[..., Any]) -> None:
    result = suite("--test", "baseline", "--set", "ridge=0.5", "-q")
    assert "fake-gauss [ridge=0.5]" in result.out
    assert lines()[0]["estimate"]["options"]["ridge"] == 0.5


def test_pixels_with_the_convolutional_denoiser(suite: Callable[..., Any]) -> None:
    few = ("--n-train", 60, "--n-eval", 20, "--set", "steps=20", "--set", "repeats=2", "--test", "data-processing")
    result = suite("--space", "pixels", *few, "--rows", 6, plugin="mmg-orthogonal")
    assert result.code == 0
    assert [row["estimate"]["dim_y"] for row in lines()] == [48, 84]
    assert "autoencoder" not in result.err


def test_a_compressed_idx_file_in_a_real_process(environment: dict[str, str]) -> None:
    write_idx(Path("images.gz"), blobs(), compressed=True)
    args = ["--mnist", "images.gz", "--out", "out", "--plugin", "fake-gauss", "--test", "baseline", *map(str, SMALL)]
    done = python("-m", "mmg_cli", "benchmark", "mnist", *args, environment=environment)
    assert (done.returncode, len(lines())) == (0, 3)
    assert lines()[0]["file"] == "images.gz"


# ------------------------------------------------------------------------------------------ refusals
@pytest.mark.parametrize(
    ("content", "what"),
    [
        (None, "There is no file bad; it must be there already, for nothing is downloaded."),
        (
            b"rubbish",
            "bad cannot be used: it is neither an idx nor an npz file (its first bytes are those of neither).",
        ),
        (b"\0\0\x08\x03" + bytes([0, 0, 0, 9] * 3) + b"\1", "it is truncated or damaged."),
        (b"PK\3\4 and no more", "bad cannot be read: it is damaged, truncated or not readable"),
    ],
)
def test_bad_files_are_refused_before_anything_is_written(
    suite: Callable[..., Any], content: bytes | None, what: str
) -> None:
    if content is not None:
        Path("bad").write_bytes(content)
    assert what in refused(suite(file="bad"), 4)
    assert not os.path.exists("out")


def test_too_few_images(suite: Callable[..., Any]) -> None:
    assert refused(suite("--n-train", 500), 4) == "There are 200 images, and 500 + 40 were asked for; ask for fewer."


@pytest.mark.parametrize(
    ("args", "sentence"),
    [
        (("--rows", "2,x"), "--rows takes whole numbers, as in '7,14,21', not '2,x'."),
        (("--rows", "9"), "Rows kept are 1 to 8 for these images, not 9."),
        (("--test", "monotony"), "There is no test 'monotony'; there are baseline, data-processing, additivity."),
        (("--noise", 0), "The option '--noise' is 0.0 and must be a positive number: without noise A is a function of "
                         "the image, and shares infinitely much with it."),
        (("--max-seconds", 0), "The option '--max-seconds' is 0.0 and must be a number of seconds above 0 and at most "
                               "1e9."),
        (("--set", "ridg=1"), "The estimator 'fake-gauss' has no option 'ridg'; the nearest is 'ridge'."),
    ],
)  # fmt: skip
def test_wrong_usage(suite: Callable[..., Any], args: tuple[object, ...], sentence: str) -> None:
    assert refused(suite(*args), 2) == sentence
    assert not os.path.exists("out")


@pytest.mark.parametrize("plugin", ["auto", "fake-gauss"])
def test_pixels_need_a_plugin_that_takes_a_denoiser(suite: Callable[..., Any], plugin: str) -> None:
    sentence = refused(suite("--space", "pixels", plugin=plugin), 2)
    assert sentence.startswith(f"The plugin '{plugin}' cannot estimate on pixels: ")


def test_an_unknown_plugin(suite: Callable[..., Any]) -> None:
    assert suite(plugin="no-such").code == 3


def test_without_a_file_it_is_wrong_usage(mmg: Callable[..., Any]) -> None:
    assert "'--mnist'" in refused(mmg("benchmark", "mnist", "--out", "out"), 2)


def test_results_of_another_setup_are_not_mixed(suite: Callable[..., Any]) -> None:
    suite("--test", "baseline", "-q")
    sentence = refused(suite("--resume", "--noise", 0.3), 2)
    assert sentence == "out holds results of --noise 0.5; give the same, or another --out."
    np.savez("images.npz", images=blobs(seed=5))
    assert refused(suite("--resume"), 2) == "out holds results of other images; give the same, or another --out."
    assert len(lines()) == 3


def test_a_folder_of_other_results_is_left_alone(suite: Callable[..., Any]) -> None:
    Path("out").mkdir()
    Path("out/runs.jsonl").write_text("")
    assert "holds other things" in refused(suite(), 2)


def test_the_suite_is_no_suite_of_known_values(mmg: Callable[..., Any]) -> None:
    sentence = refused(mmg("benchmark", "--suite", "mnist", "--out", "out"), 2)
    assert sentence == "The suite 'mnist' holds ratios, not known values: `mmg benchmark mnist` runs it."
