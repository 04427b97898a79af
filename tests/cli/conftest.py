"""The program in-process, with fake plugins installed beside the built-ins."""

from __future__ import annotations

import contextlib
import io
import os
import sys
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import pytest
from places import SUPPORT

from mmg_cli.output import verbosity
from mmg_cli.program import run

SITE = SUPPORT / "site"


@dataclass
class Result:
    """What a run of the program left: exit code, stdout, stderr."""

    code: int
    out: str
    err: str


@pytest.fixture(autouse=True)
def fake_plugins(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    """Fake distributions on the path, an empty working folder, and none of the caller's or a former test's settings."""
    verbosity.reset()
    monkeypatch.syspath_prepend(str(SITE))
    monkeypatch.chdir(tmp_path)
    for name in ("MMG_PLUGINS", "MMG_STRICT_PLUGINS"):
        monkeypatch.delenv(name, raising=False)


@pytest.fixture
def mmg(monkeypatch: pytest.MonkeyPatch) -> Callable[..., Result]:
    """Call the program: `mmg("plugins", "list")`."""

    def call(*args: object, stdin: str = "") -> Result:
        monkeypatch.setattr(sys, "stdin", io.StringIO(stdin))
        out, err = io.StringIO(), io.StringIO()
        with contextlib.redirect_stdout(out), contextlib.redirect_stderr(err):
            code = run([str(arg) for arg in args])
        return Result(code, out.getvalue(), err.getvalue())

    return call


@pytest.fixture
def estimate(mmg: Callable[..., Result]) -> Callable[..., Result]:
    """`mmg estimate --plugin fake-gauss` with more arguments."""

    def call(*args: object, plugin: str = "fake-gauss", stdin: str = "") -> Result:
        return mmg("estimate", "--plugin", plugin, *args, stdin=stdin)

    return call


@pytest.fixture
def environment() -> dict[str, str]:
    """The environment of a subprocess that sees the fake plugins."""
    path = os.pathsep.join([str(SITE), os.environ.get("PYTHONPATH", "")]).rstrip(os.pathsep)
    return {**os.environ, "PYTHONPATH": path}


def rows(n: int = 400, dim: int = 2, seed: int = 0) -> tuple[np.ndarray, np.ndarray]:
    """Gaussian x and y `(n, dim)`, each pair of columns correlated by 0.8."""
    rng = np.random.default_rng(seed)
    x = rng.standard_normal((n, dim))
    return x, 0.8 * x + 0.6 * rng.standard_normal((n, dim))


@pytest.fixture
def data() -> str:
    """`data.npz` in the working folder with 400 rows of `rows()`."""
    x, y = rows()
    np.savez("data.npz", x=x, y=y)
    return "data.npz"
