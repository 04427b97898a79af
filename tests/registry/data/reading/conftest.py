"""An empty working folder for every test, and small tables to write into it."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest

from mmg_registry.data.pair import Pair
from mmg_registry.data.reading import TextOptions, read
from mmg_registry.errors import DataError

RNG = np.random.default_rng(0)
X, Y = RNG.normal(size=(30, 2)), RNG.normal(size=(30, 1))
FRAME = pd.DataFrame({"x0": X[:, 0], "x1": X[:, 1], "y": Y[:, 0]})


@pytest.fixture(autouse=True)
def _here(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)


class Files:
    """Write a text, read it, see that it is refused."""

    def write(self, name: str, text: str, encoding: str = "utf-8") -> str:
        Path(name).write_bytes(text.encode(encoding))
        return name

    def read(self, text: str, x: str | None = None, y: str | None = None, name: str = "d.csv", **options: Any) -> Pair:
        """Read a text that is written to `name` first."""
        where = options.pop("where", None)
        return read(self.write(name, text), x, y, text=TextOptions(**options), where=where)

    def refused(self, told: str, *args: Any, **choices: Any) -> None:
        """Check that reading is refused in one sentence that holds `told`."""
        with pytest.raises(DataError) as caught:
            read(*args, **choices)
        assert told in str(caught.value)
        assert str(caught.value).isprintable()
        assert str(caught.value).endswith(".")

    def refuses(self, told: str, text: str, x: str | None = None, y: str | None = None, **options: Any) -> None:
        """Check that a text is refused in one sentence that holds `told`."""
        name = options.pop("name", "d.csv")
        self.refused(told, self.write(name, text), x, y, text=TextOptions(**options))


@pytest.fixture
def files() -> Files:
    return Files()


@pytest.fixture
def table() -> pd.DataFrame:
    """Columns x0, x1, y of 30 rows."""
    return FRAME.copy()
