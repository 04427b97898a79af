"""Strangers' distributions: the example installed by pip in an environment of its own, and bad neighbours beside it."""

from __future__ import annotations

import importlib.util
import json
import shutil
import subprocess
import sys
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from fakes import install
from forked import python
from places import ROOT

from mmg_registry import hooks

EXAMPLE = ROOT / "plugins" / "example"
PIP = ("-m", "pip", "install", "--quiet", "--disable-pip-version-check", "--no-index", "--no-deps")


def why_not() -> str:
    """Why the example cannot be built here without a network; empty when it can."""
    missing = [name for name in ("pip", "setuptools") if importlib.util.find_spec(name) is None]
    return f"{' and '.join(missing)} cannot be imported, and nothing else builds the example" if missing else ""


@pytest.fixture(scope="module")
def example_site(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder of packages that holds the example alone; pip builds it from a copy, and leaves the sources clean."""
    if why_not():
        pytest.skip(why_not())
    folder = tmp_path_factory.mktemp("third-party")
    shutil.copytree(EXAMPLE, folder / "source", ignore=shutil.ignore_patterns("__pycache__"))
    site = folder / "site"
    command = [sys.executable, *PIP, "--no-build-isolation", "--target", str(site), str(folder / "source")]
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
    return site


@pytest.fixture
def fresh(example_site: Path) -> Callable[..., subprocess.CompletedProcess[str]]:
    """Python in a process of its own that finds the example and no other fake."""

    def call(*args: object, module: str = "mmg_cli") -> subprocess.CompletedProcess[str]:
        return python("-m", module, *map(str, args), environment={"PYTHONPATH": str(example_site)})

    return call


@pytest.fixture
def neighbours(example_site: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    """The example beside a plugin that cannot be imported, one that takes its name, and two against the contract."""
    site = tmp_path / "site"
    rival = (EXAMPLE / "mmg_example.py").read_text()
    install(site, "mmg-broken", "1.0", {"mmg.estimators/broken": "mmg_broken:Broken"}, {"mmg_broken": "import gone"})
    install(site, "mmg-rival", "1.0", {"mmg.estimators/example": "mmg_rival:ExampleEstimator"}, {"mmg_rival": rival})
    wrong = {"mmg.estimators/wrong": "mmg_wrong:Wrong", "mmg.estimators/half": "mmg_wrong:Half"}
    source = "from mmg_registry import Estimator\nclass Wrong: pass\nclass Half(Estimator):\n    name = 'half'\n"
    install(site, "mmg-wrong", "1.0", wrong, {"mmg_wrong": source})
    install(site, "mmg-hooks", "1.0", {"mmg.plugins/hooks": "mmg_hooks"}, {"mmg_hooks": "1 / 0"})
    monkeypatch.syspath_prepend(str(example_site))
    monkeypatch.syspath_prepend(str(site))
    hooks.reset()
    yield
    hooks.reset()


# ------------------------------------------------------------------------------------------ alone
def test_pip_installs_the_example_where_the_list_finds_it(fresh) -> None:
    rows = json.loads(fresh("plugins", "list", "--format", "json").stdout)
    (row,) = [row for row in rows if row["origin"] == "third-party"]
    assert (row["name"], row["distribution"], row["version"]) == ("example", "mmg-example", "0.1.0")


def test_the_example_passes_every_check_that_applies(fresh) -> None:
    done = fresh("plugins", "check", "example", "--json")
    document = json.loads(done.stdout)
    assert (done.returncode, document["status"]) == (0, "ok")
    inapplicable = {each["check"] for each in document["checks"] if each["status"] == "does not apply"}
    assert inapplicable == {
        "interruption", "log_ratios", "save_and_load", "permuted_labels", "trains_nothing", "given",
    }  # fmt: skip
    assert document["counts"] == {"run": 27, "passed": 27, "failed": 0, "expected": 0, "does not apply": 6}


def test_the_example_estimates(fresh, data: str) -> None:
    done = fresh("estimate", "--plugin", "example", data, "--seed", 0, "--json")
    result = json.loads(done.stdout)
    assert (done.returncode, result["plugin"]["distribution"]) == (0, "mmg-example")
    assert result["mi"] == pytest.approx(1.02, abs=0.3)  # two pairs of columns correlated by 0.8


def test_the_example_enters_the_leaderboard(fresh) -> None:
    done = fresh(
        "benchmark", "--suite", "bmi", "--task", "1v1-normal-0.75", "--plugin", "example", "--seeds", 1,
        "--n-train", 2000, "--n-eval", 1000, "--threads", 1, "--out", "board",
    )  # fmt: skip
    assert done.returncode == 0, done.stderr
    assert "example  1/1" in done.stdout
    assert Path("board/report.html").is_file()


def test_the_examples_own_test_passes(fresh) -> None:
    done = fresh("-p", "no:cacheprovider", EXAMPLE / "test_mmg_example.py", module="pytest")
    assert done.returncode == 0, done.stdout


# ------------------------------------------------------------------------------------------ among bad neighbours
@pytest.mark.usefixtures("neighbours")
def test_the_list_is_whole_and_names_the_clash(mmg) -> None:
    result = mmg("plugins", "list", "--format", "json")
    found = {f"{row['distribution']}:{row['name']}": row["status"] for row in json.loads(result.out)}
    assert (result.code, result.err) == (0, "")
    assert found["mmg-example:example"] == "broken: its name is also claimed by mmg-rival"
    assert found["mmg-rival:example"] == "broken: its name is also claimed by mmg-example"
    assert {found["mmg-broken:broken"], found["mmg-wrong:wrong"], found["fake-mmg:fake-gauss"]} == {"not loaded"}


@pytest.mark.usefixtures("neighbours")
def test_loading_the_list_says_what_is_wrong_with_each(mmg) -> None:
    result = mmg("plugins", "list", "--load", "--kind", "estimator", "--json")
    found = {row["name"]: row["status"] for row in json.loads(result.out)}
    assert result.code == 0
    assert "(ModuleNotFoundError: No module named 'gone')" in found["broken"]
    assert "is not a subclass of mmg_registry.Estimator" in found["wrong"]
    assert "Half lacks estimate, fit, summary, reference" in found["half"]
    assert found["fake-gauss"] == "ok"


@pytest.mark.usefixtures("neighbours")
@pytest.mark.parametrize(
    ("plugin", "code", "sentence"),
    [
        ("fake-gauss", 0, ""),
        ("mmg-example:example", 0, ""),
        ("mmg-rival:example", 0, ""),
        ("example", 3, "'example' is claimed by mmg-example 0.1.0 and mmg-rival 1.0; ask for 'mmg-example:example'"),
        ("broken", 3, "'broken' of mmg-broken 1.0 cannot be loaded (ModuleNotFoundError: No module named 'gone')"),
        ("wrong", 3, "'wrong' of mmg-wrong 1.0 breaks the contract: <class 'mmg_wrong.Wrong'> is not a subclass"),
        ("half", 3, "'half' of mmg-wrong 1.0 breaks the contract: Half lacks estimate, fit, summary, reference."),
    ],
)
def test_only_the_bad_ones_fail(mmg, data: str, plugin: str, code: int, sentence: str) -> None:
    result = mmg("estimate", "--plugin", plugin, data, "--seed", 0)
    assert result.code == code
    assert sentence in result.err
    assert bool(result.out) == (code == 0)


@pytest.mark.usefixtures("neighbours")
@pytest.mark.parametrize("plugin", ["broken", "wrong", "half", "example"])
def test_checking_a_bad_one_is_one_document(mmg, plugin: str) -> None:
    result = mmg("plugins", "check", plugin, "--json")
    assert result.code == 3
    assert json.loads(result.out)["status"] == "broken"


@pytest.mark.usefixtures("neighbours")
@pytest.mark.parametrize("args", [["--help"], ["doctor"], ["benchmark", "tasks", "null"], ["plugins", "show", "auto"]])
def test_the_rest_of_the_program_stays_whole(mmg, args: list[str]) -> None:
    assert mmg(*args).code == 0


@pytest.mark.usefixtures("neighbours")
def test_authors_may_have_the_first_broken_one_raise(mmg, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("MMG_STRICT_PLUGINS", "1")
    result = mmg("plugins", "list", "--load")
    assert (result.code, result.out) == (3, "")
