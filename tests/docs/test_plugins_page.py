"""The estimator on the page of plugins keeps the contract, and what surrounds it is there."""

from __future__ import annotations

import re

import pytest
from places import ROOT

import mmg_registry as mmg
from mmg_registry import registry
from mmg_registry.contracts import Estimator
from mmg_registry.errors import DoesNotApply
from mmg_registry.testing import gaussian_rows, run_checks

TEXT = (ROOT / "docs" / "plugins.md").read_text(encoding="utf-8")


def block(language: str, word: str) -> str:
    """The one fenced block of `language` that holds `word`."""
    (found,) = [text for text in re.findall(rf"```{language}\n(.*?)```", TEXT, re.DOTALL) if word in text]
    return found


@pytest.fixture
def correlation() -> type[Estimator]:
    names: dict[str, type[Estimator]] = {"__name__": "my_package"}  # type: ignore[dict-item]
    exec(block("python", "class Correlation"), names)
    return names["Correlation"]


def test_the_estimator_passes_every_check_that_applies(correlation: type[Estimator]) -> None:
    results = {result["check"]: result["status"] for result in run_checks(correlation)}
    assert [name for name, status in results.items() if status == "failed"] == []
    assert {name for name, status in results.items() if status == "does not apply"} == {
        "other_shapes", "last_column", "given", "permuted_labels", "interruption", "log_ratios", "save_and_load",
    }  # fmt: skip


def test_the_estimator_refuses_what_it_cannot_do(correlation: type[Estimator]) -> None:
    registry.register(correlation)
    x, y = gaussian_rows(1_000, seed=0, dim_x=3, dim_y=3)
    with pytest.raises(DoesNotApply, match=r"takes at most 1 column of x, and there are 3; .*gaussian.* take them"):
        mmg.estimate(x, y, plugin="correlation")
    found = mmg.estimate(x[:, 0], y[:, 0], plugin="correlation")
    assert found.provenance["n_eval"] == 1_000
    assert found.ci is not None


def test_its_entry_point_has_its_name(correlation: type[Estimator]) -> None:
    assert f'{correlation.name} = "my_package:{correlation.__name__}"' in block("toml", "mmg.estimators")
