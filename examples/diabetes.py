"""Write scikit-learn's diabetes data as a table of mixed columns, `diabetes.csv`."""

from __future__ import annotations

import sys
from pathlib import Path

from sklearn.datasets import load_diabetes


def write(path: Path, rows: int | None = None) -> None:
    """Write the first `rows` rows, or all, with the sex as text."""
    table = load_diabetes(as_frame=True, scaled=False).frame.rename(columns={"target": "progression"})
    table["sex"] = table["sex"].map({1.0: "A", 2.0: "B"})
    table.head(rows or len(table)).to_csv(path, index=False)


if __name__ == "__main__":
    write(Path(sys.argv[1] if len(sys.argv) > 1 else "diabetes.csv"))
