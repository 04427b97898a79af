"""The distribution that `mmg plugins new` writes: the only source of `plugins/example` and of the guide's first steps.

`$name` is the plugin's name, `$module` the Python module and `$cls` the class, in file names as well as in contents.
"""

from __future__ import annotations

from string import Template

README = """\
# mmg-$name

A plugin of `mmg`: an estimator of mutual information (MI) by the name `$name`. In an environment that holds
`mmg-registry` (from a checkout: `pip install .`):

    pip install -e .
    mmg plugins check $name

Use it as any other estimator, on the command line or in Python:

    mmg estimate --plugin $name data.csv --x a,b --y c
    python -c "import mmg_registry; print(mmg_registry.estimate('data.csv', x='a,b', y='c', plugin='$name'))"

`pytest` runs its tests: the contract of `mmg`, and values that are known. `.github/workflows/test.yml` runs them on
every push. `mmg benchmark --suite bmi --plugin $name --out board` compares it with others.
"""

PROJECT = """\
[build-system]
requires = ["setuptools>=61"]
build-backend = "setuptools.build_meta"

[project]
name = "mmg-$name"
version = "0.1.0"
dependencies = ["mmg-registry"]

[project.entry-points."mmg.estimators"]
$name = "$module:$cls"

[tool.setuptools]
py-modules = ["$module"]
"""

MODULE = """\
\"\"\"MI of Gaussian variables, as a plugin of mmg.\"\"\"

import numpy as np
from pydantic import Field

from mmg_registry import Estimate, Estimator, Options


class $cls(Estimator):
    name = "$name"
    summary = "MI of the Gaussian with the rows' covariance"
    reference = "Cover and Thomas, Elements of Information Theory, section 8.5"
    kinds = frozenset({"continuous", "count"})  # of columns; the registry refuses others

    class Options(Options):
        ridge: float = Field(1e-6, ge=0, description="added to every variance")

    def fit(self, x, y):
        rows = np.hstack([x, y]).astype(float)
        self.mean, self.cov = rows.mean(axis=0), np.cov(rows, rowvar=False) + self.options.ridge * np.eye(len(rows.T))
        return self

    def estimate(self, x, y):
        rows, d = np.hstack([x, y]) - self.mean, x.shape[1]
        values = self.log_density(rows) - self.log_density(rows, stop=d) - self.log_density(rows, start=d)
        return Estimate(mi=values.mean(), std_error=values.std() / len(values) ** 0.5)

    def log_density(self, rows, start=0, stop=None):
        part, cov = rows[:, start:stop], self.cov[start:stop, start:stop]
        return -0.5 * (np.sum(part.T * np.linalg.solve(cov, part.T), axis=0) + np.linalg.slogdet(cov)[1])
"""

TEST = """\
import numpy as np
import pytest
from $module import $cls

import mmg_registry
from mmg_registry.testing import check_estimator


def test_contract():
    check_estimator($cls)


@pytest.mark.parametrize("correlation", [0.5, 0.9])
def test_known_value(correlation):
    rng = np.random.default_rng(0)
    x, noise = rng.standard_normal((2, 2000, 1))
    y = correlation * x + (1 - correlation**2) ** 0.5 * noise
    found = mmg_registry.estimate(x, y, plugin="$name", seed=0)
    assert abs(found.mi + 0.5 * np.log(1 - correlation**2)) < 4 * found.std_error
"""

WORKFLOW = """\
name: test
on: [push, pull_request]
env:
  MMG: mmg-registry # or the address of a checkout: git+https://...
jobs:
  test:
    runs-on: ubuntu-latest
    steps:
      - uses: actions/checkout@v4
      - uses: actions/setup-python@v5
        with: {python-version: "3.12"}
      - run: pip install "$$MMG" pytest -e .
      - run: mmg plugins check $name
      - run: pytest
"""

FILES = {
    "README.md": README,
    "pyproject.toml": PROJECT,
    "$module.py": MODULE,
    "test_$module.py": TEST,
    ".github/workflows/test.yml": WORKFLOW,
}


def module_of(name: str) -> str:
    """Return the name of the Python module of the plugin `name`.

    >>> module_of("my-knn")
    'mmg_my_knn'
    """
    return "mmg_" + name.replace("-", "_")


def files(name: str) -> dict[str, str]:
    """Return the file names and contents of the distribution of the plugin `name`.

    >>> list(files("my-knn"))
    ['README.md', 'pyproject.toml', 'mmg_my_knn.py', 'test_mmg_my_knn.py', '.github/workflows/test.yml']
    >>> files("my-knn")["test_mmg_my_knn.py"].splitlines()[2]
    'from mmg_my_knn import MyKnnEstimator'
    """
    words = {"name": name, "module": module_of(name), "cls": f"{_camel(name)}Estimator"}
    return {Template(path).substitute(words): Template(text).substitute(words) for path, text in FILES.items()}


def _camel(name: str) -> str:
    return "".join(part.capitalize() for part in name.split("-"))
