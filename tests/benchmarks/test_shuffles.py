"""The benchmark of the order of rows where it means nothing."""

from __future__ import annotations

import json
from pathlib import Path

from benchmarks import shuffles


def test_shuffled_rows_and_sorted_files_are_counted(tmp_path: Path) -> None:
    assert shuffles.main(["--draws", "3", "--rows", "60,300", "--output", str(tmp_path / "s.json")]) == 0
    found = json.loads((tmp_path / "s.json").read_text())["results"]
    assert len(found) == 2 * len([*shuffles.SHUFFLED, *shuffles.SORTED])
    assert sum(row["series"] for row in found) <= 1 / 3
    assert next(row for row in found if (row["rows_are"], row["n"]) == ("by_latent", 300))["told"] == 1
