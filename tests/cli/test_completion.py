"""Names are completed: plugins, bounds, suites, tasks, models and columns of the file on the line."""

from __future__ import annotations

from pathlib import Path
from types import SimpleNamespace

import numpy as np
import pytest

from mmg_cli import completion


def line(**params: object) -> SimpleNamespace:
    return SimpleNamespace(params=params)


def test_names_of_the_registry() -> None:
    assert completion.complete_plugin("gauss") == ["gauss", "gaussian"]
    assert completion.complete_bound("iw") == ["iwae"]
    assert completion.complete_model("gaussian-c") == ["gaussian-channel"]
    assert "beyond" in completion.complete_suite("bey")


def test_tasks_are_those_of_the_suite_on_the_line() -> None:
    assert completion.complete_task(line(suite="bmi"), "1v1-additive-0.1") == ["1v1-additive-0.1"]
    assert completion.complete_task(line(suite="beyond"), "1v1-additive-0.1") == []


@pytest.mark.parametrize("text", ["age,height,sex\n1,2,3\n", "age;height;sex\n1,5;2;3\n", "age\theight\tsex"])
def test_columns_of_a_text_file(text: str) -> None:
    Path("people.csv").write_text(text)
    assert completion.complete_column(line(data=["people.csv"]), "a") == ["age"]
    assert completion.complete_column(line(data=["people.csv"]), "age,h") == ["age,height"]


def test_arrays_of_an_archive_and_nothing_of_what_cannot_be_read() -> None:
    np.savez("pair.npz", x=np.ones(3), y=np.ones(3))
    assert completion.complete_column(line(data=["pair.npz"]), "") == ["x", "y"]
    Path("broken.npz").write_bytes(b"\xff\xfe")
    Path("bytes.csv").write_bytes(b"\xff\xfe\x00")
    for data in (["broken.npz"], ["bytes.csv"], ["missing.csv"], []):
        assert completion.complete_column(line(data=data), "") == []
