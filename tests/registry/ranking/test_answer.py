"""`mmg.rank`: what it finds of planted columns, and what it says of those that it cannot use."""

from __future__ import annotations

import math

import numpy as np
import pandas as pd
import pytest

import mmg_registry as mmg
from mmg_registry.errors import DataError, OptionError
from mmg_registry.tables import AnswerTable

RNG = np.random.default_rng(0)
N = 600
T = RNG.standard_normal(N)
TABLE = pd.DataFrame(
    {
        "bent": T**2 + 0.3 * RNG.standard_normal(N),
        "site": np.where(T + 0.5 * RNG.standard_normal(N) > 0, "A", "B"),
        "noise": RNG.standard_normal(N),
        "count": RNG.poisson(20 * np.exp(0.5 * T)),
        "t": T,
    }
)


def ranked(table: pd.DataFrame = TABLE, **choices: object) -> pd.DataFrame:
    return mmg.rank(table, **{"target": "t", "seed": 0, "threads": 1, **choices}).set_index("feature")


def test_planted_columns_come_first_with_interval_p_and_q() -> None:
    found = ranked()
    assert set(found.index[:3]) == {"bent", "site", "count"}
    assert found.index[3] == "noise"
    assert (found["q"] <= 0.01).tolist() == [True, True, True, False]
    assert (found["low"] <= found["mi"]).all()
    assert (found["mi"] <= found["high"]).all()
    assert found["kind"].to_dict() == {
        **dict.fromkeys(["bent", "noise"], "continuous"),
        "site": "category",
        "count": "count",
    }
    assert (found["at_least"] <= found["low"]).all()


def test_missing_cells_are_left_out_feature_by_feature_and_told() -> None:
    table = TABLE.assign(bent=TABLE["bent"].where(np.arange(N) >= 50))
    found = ranked(table)
    assert found["missing"].to_dict() == {"bent": 50, "site": 0, "count": 0, "noise": 0}
    assert any("'bent' 50" in sentence for sentence in found.attrs["mmg"]["warnings"])


def test_columns_that_cannot_be_used_are_rows_with_a_reason() -> None:
    table = TABLE[["bent", "t"]].assign(id=[f"row {i}" for i in range(N)], flat=1.0, empty=np.nan)
    found = ranked(table)
    assert found["status"].to_dict() == {"bent": "estimated", "flat": "exact", "id": "failed", "empty": "failed"}
    assert "text" in found.loc["id", "reason"]
    assert found.loc["flat", "p"] == 1.0
    assert found.loc["empty", "rows"] == 0


def test_a_copy_of_the_target_is_infinite_and_first() -> None:
    found = ranked(TABLE[["bent", "t"]].assign(copy=3 * T + 1))
    assert found.index[0] == "copy"
    assert (found.loc["copy", "status"], found.loc["copy", "mi"]) == ("infinite", math.inf)


def test_top_gives_values_to_the_first_alone() -> None:
    found = ranked(top=1, plugin="gaussian")
    assert found["status"].tolist() == ["estimated", "tested", "tested", "tested"]
    assert found["q"].notna().all()


def test_the_greedy_order_leaves_out_what_adds_nothing() -> None:
    table = TABLE[["site", "noise", "t"]].assign(near=T + 0.4 * RNG.standard_normal(N))
    table["again"] = table["near"] + 0.01 * RNG.standard_normal(N)
    found = ranked(table, greedy=True, plugin="gaussian")
    steps = found["step"].dropna()
    assert set(steps.index) <= {"near", "again", "site"}
    assert len({"near", "again"} & set(steps.index)) == 1
    assert np.isnan(found.loc["noise", "step"])


def test_given_a_column_what_it_told_is_gone() -> None:
    table = pd.DataFrame({"a": T + RNG.standard_normal(N), "t": T + 0.5 * RNG.standard_normal(N), "z": T})
    plain = ranked(table[["a", "t"]], value_rows=400)
    given = ranked(table, given="z", value_rows=400, plugin="gaussian")
    assert plain.loc["a", "p"] < 0.001 < 0.01 < given.loc["a", "p"]
    assert given.loc["a", "high"] < plain.loc["a", "mi"]


def test_a_series_is_tested_as_one() -> None:
    walks = np.cumsum(np.random.default_rng(1).standard_normal((2, N)), axis=1)
    found = ranked(pd.DataFrame({"walk": walks[0], "t": walks[1]}), plugin="gaussian")
    assert found.loc["walk", "p"] > 0.01
    assert any("series" in sentence for sentence in found.attrs["mmg"]["warnings"])


def test_dependent_q_is_never_smaller_and_bits_are_larger() -> None:
    plain, other = ranked(plugin="gaussian"), ranked(plugin="gaussian", fdr="dependent", unit="bits")
    assert (other["q"] >= plain["q"]).all()
    assert other.loc["bent", "at_least"] == pytest.approx(plain.loc["bent", "at_least"] / math.log(2))
    assert other.attrs["mmg"]["unit"] == "bits"


def test_arrays_are_ranked_too_and_equal_names_told_apart() -> None:
    found = mmg.rank(TABLE[["noise", "bent"]].set_axis(["a", "a"], axis=1), target=T, seed=0, plugin="gaussian")
    assert set(found["feature"]) == {"a", "a (2)"}


@pytest.mark.parametrize(
    ("choices", "said"),
    [
        ({"top": 0}, "'top' is 0"),
        ({"fdr": "none"}, "no false discovery rate 'none'"),
        ({"alpha": 2}, "'alpha' is 2"),
        ({"kk": 2}, "has no option 'kk'"),
    ],
)
def test_options_are_refused_before_the_data_are_read(choices: dict[str, object], said: str) -> None:
    with pytest.raises(OptionError, match=said):
        mmg.rank("no such file.csv", target="t", **choices)


def test_a_target_without_values_is_refused() -> None:
    with pytest.raises(DataError, match="only 0 rows have a target"):
        ranked(TABLE.assign(t=np.nan))


def test_the_attributes_are_those_of_a_table() -> None:
    found = mmg.rank(TABLE, target="t", seed=0, plugin="gaussian")
    about = found.attrs["mmg"]
    assert about["provenance"]["ranking"]["value_rows"] == 10_000
    assert AnswerTable.__dataclass_fields__.keys() >= about.keys()


def test_what_is_not_known_comes_last() -> None:
    table = TABLE.assign(name=[f"row {i}" for i in range(N)], flat=1.0)[["name", "flat", "noise", "t"]]
    assert ranked(table, plugin="gaussian").index[-1] == "name"


def test_a_target_of_identifiers_is_refused() -> None:
    table = TABLE.assign(name=[f"row {i}" for i in range(N)])
    with pytest.raises(DataError, match=r"'name' of y holds text .* identifiers"):
        ranked(table, target="name")


def test_a_value_below_what_classes_prove_has_no_upper_end() -> None:
    with pytest.warns(mmg.MMGWarning, match=r"doubts its value of 'side'"):
        found = ranked(TABLE[["t"]].assign(side=np.where(T > 0, "A", "B")), plugin="gaussian").loc["side"]
    assert found["mi"] == found["low"] == found["at_least"] < math.log(2)
    assert pd.isna(found["high"])
    assert "less than" in found["reason"]
