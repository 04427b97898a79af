"""How `mmg estimate` is told to read a file, and what it says of its reading."""

from __future__ import annotations

import json
from pathlib import Path

import numpy as np
import pytest

RNG = np.random.default_rng(0)
A = RNG.normal(size=400)
B = 0.8 * A + 0.6 * RNG.normal(size=400)


def table(name: str, sep: str = ",", decimal: str = ".", header: str = "a,b", rows: slice = slice(None)) -> str:
    lines = [
        sep.join(f"{value:.6f}".replace(".", decimal) for value in row) for row in zip(A[rows], B[rows], strict=True)
    ]
    Path(name).write_text("\n".join([header.replace(",", sep), *lines]) + "\n")
    return name


@pytest.fixture
def found(estimate):
    """The JSON document and stderr of a run that goes well."""

    def call(*args: object, stdin: str = "") -> tuple[dict, str]:
        result = estimate(*args, "--seed", 0, "--json", stdin=stdin)
        assert result.code == 0, result.err
        return json.loads(result.out), result.err

    return call


@pytest.fixture
def expected(found) -> float:
    return found(table("plain.csv"))[0]["mi"]


def test_what_was_guessed_is_said_when_asked(found, expected: float) -> None:
    file = table("d.csv", ";", ",")
    document, err = found(file)
    assert (document["mi"], "Note" in err) == (pytest.approx(expected), False)
    _, err = found(file, "-v")
    assert "Note: Cells are taken as separated by semicolons (--sep tells otherwise).\n" in err
    assert "Note: Commas are read as decimal signs (--decimal tells otherwise).\n" in err


def test_every_option_of_text(found, expected: float) -> None:
    text = Path(table("d.csv", ":", ",")).read_text()
    Path("d.csv").write_bytes(("junk\n" + text + "-9:1\n1:none such\n% end\n").encode("utf-16-le"))
    options = ["--sep", ":", "--decimal", ",", "--skip", "1", "--comment", "%", "--na", "-9", "--na", "none such"]
    document, err = found("d.csv", *options, "--encoding", "utf-16-le", "--header", "first", "--drop-nan")
    assert document["n_train"] + document["n_eval"] == 400
    assert document["mi"] == pytest.approx(expected)
    assert "2 rows of 402 dropped for NaN or infinity" in err


def test_a_doubtful_reading_is_a_warning_of_the_result(found) -> None:
    numbers = RNG.integers(1_000, 9_999, size=(200, 2))
    Path("d.csv").write_text("a;b\n" + "\n".join(f"{p // 1000},{p % 1000:03d};{q}" for p, q in numbers) + "\n")
    document, _ = found("d.csv")
    assert any("if its comma groups digits, give --thousands ," in warning for warning in document["warnings"])
    document, _ = found("d.csv", "--thousands", ",")
    assert not any("--thousands" in warning for warning in document["warnings"])


def test_several_tables_are_appended_and_rows_chosen(found, expected: float) -> None:
    parts = [table(f"{i}.csv", rows=slice(100 * i, 100 * i + 100)) for i in range(4)]
    assert found(*parts, "--x", "a", "--y", "b")[0]["mi"] == pytest.approx(expected)
    assert found("[0-3].csv", "--x", "a", "--y", "b")[0]["mi"] == pytest.approx(expected)
    document, _ = found(*parts, "--x", "a", "--y", "b", "--where", "a > 0 or b > 0")
    assert document["n_train"] + document["n_eval"] == int(((A > 0) | (B > 0)).sum())


def test_standard_input_and_evaluation_rows_are_read_alike(found, expected: float) -> None:
    text = Path(table("d.csv", ";", ",")).read_text()
    assert found("-", "--header", "first", stdin=text)[0]["mi"] == pytest.approx(expected)
    table("eval.csv", ";", ",", rows=slice(0, 50))
    table("fit.csv", ";", ",", rows=slice(50, 400))
    assert found("fit.csv", "--eval", "eval.csv", "--sep", ";")[0]["n_eval"] == 50


def test_escapes_of_terminals_are_printed_visibly(estimate) -> None:
    table("d.csv", header="\x1b[31mred,b\x07")
    refused = estimate("d.csv", "--x", "no", "--y", "b")
    assert r"it has \x1b[31mred, b\x07" in refused.err
    Path("constant.csv").write_text(
        "\x1b]0;x,x1,y\n" + "\n".join(f"1,{a:.5f},{b:.5f}" for a, b in zip(A, B, strict=True)) + "\n"
    )
    for args in ((), ("--json",)):
        result = estimate("constant.csv", "--x", "0:1", "--y", "y", "--seed", 0, *args)
        assert result.code == 0
        assert "\x1b" not in result.out + result.err
        assert "constant and left out" in result.out + result.err
