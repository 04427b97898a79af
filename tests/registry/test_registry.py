"""Discovery from metadata, loading on demand, isolation of broken plugins, clashes, environment variables."""

from __future__ import annotations

import sys
from pathlib import Path

import pytest
from fakes import GaussianMI, install

import mmg_registry
from mmg_registry import registry
from mmg_registry.contracts import Estimator, Options
from mmg_registry.errors import PluginError

GOOD = "from fakes import GaussianMI\nclass Good(GaussianMI):\n    name = 'good-one'\n"
BROKEN = "import a_module_that_is_not_there\n"
EXITING = "raise SystemExit('no licence')\n"


@pytest.fixture
def site(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A folder for fake distributions, first on the path."""
    monkeypatch.syspath_prepend(str(tmp_path))
    for name in ("good_module", "broken_module"):
        monkeypatch.delitem(sys.modules, name, raising=False)
    return tmp_path


def add(site: Path, name: str = "good-one", dist: str = "good-dist", source: str = GOOD, cls: str = "Good") -> None:
    module = f"{dist.replace('-', '_')}_module"
    sys.modules.pop(module, None)
    install(site, dist, "1.5", {f"mmg.estimators/{name}": f"{module}:{cls}"}, {module: source})


def names() -> list[str]:
    return [record.name for record in registry.records()]


def test_a_strangers_plugin_is_listed_without_importing_it(site: Path) -> None:
    add(site)
    record = registry.find("good-one")
    assert (record.distribution, record.version, record.origin) == ("good-dist", "1.5", "third-party")
    assert "good_dist_module" not in sys.modules
    assert names() == sorted(names())


def test_built_ins_come_through_the_same_group(site: Path) -> None:
    install(site, "mmg-registry", "9.9", {"mmg.estimators/home-made": "x:Y"}, {})
    assert registry.find("home-made").origin == "built-in"


def test_only_the_plugin_asked_for_is_imported(site: Path) -> None:
    add(site)
    add(site, "other-one", "other-dist")
    assert registry.load_plugin("good-one").name == "good-one"
    assert "other_dist_module" not in sys.modules


def test_a_missing_plugin_gets_the_nearest_names(site: Path) -> None:
    add(site)
    with pytest.raises(PluginError, match=r"There is no plugin 'god-one'; the nearest are good-one"):
        registry.load_plugin("god-one")


def test_a_missing_plugin_far_from_all_gets_the_list(site: Path) -> None:
    add(site)
    with pytest.raises(PluginError, match=r"There is no plugin 'zzzzzz'; known are .*good-one"):
        registry.load_plugin("zzzzzz")


@pytest.mark.parametrize(
    ("source", "told"),
    [
        (BROKEN, "ModuleNotFoundError: No module named 'a_module_that_is_not_there'"),
        (EXITING, "SystemExit: no licence"),
        ("class Other: ...\n", "AttributeError"),
        ("raise ValueError\n", "ValueError"),
    ],
)
def test_a_broken_plugin_is_one_sentence_with_the_cause_chained(site: Path, source: str, told: str) -> None:
    add(site, "bad", "bad-dist", source)
    with pytest.raises(PluginError, match=r"'bad' of bad-dist 1.5 cannot be loaded") as caught:
        registry.load_plugin("bad")
    assert told in str(caught.value)
    assert caught.value.__cause__ is not None
    assert "\n" not in str(caught.value)


def test_a_broken_plugin_harms_no_other(site: Path) -> None:
    add(site, "bad", "bad-dist", BROKEN)
    add(site)
    assert registry.load_plugin("good-one").name == "good-one"
    told = {record.name: status for record, status in registry.statuses(load=True)}
    assert told["good-one"] == "ok"
    assert told["bad"].startswith("broken: ")
    assert "bad-dist" in told["bad"]


def test_statuses_load_nothing_unless_asked(site: Path) -> None:
    add(site, "bad", "bad-dist", BROKEN)
    assert {record.name: status for record, status in registry.statuses()}["bad"] == "not loaded"
    assert "bad_dist_module" not in sys.modules


def test_strict_raises_for_a_broken_plugin(site: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    add(site, "bad", "bad-dist", BROKEN)
    monkeypatch.setenv("MMG_STRICT_PLUGINS", "1")
    with pytest.raises(PluginError, match="bad-dist"):
        registry.statuses(load=True)


def test_a_clash_names_both_and_a_prefix_picks_one(site: Path) -> None:
    add(site)
    add(site, "good-one", "rival")
    with pytest.raises(PluginError, match=r"claimed by good-dist 1.5 and rival 1.5; ask for 'good-dist:good-one'"):
        registry.load_plugin("good-one")
    assert registry.load_plugin("rival:good-one").__module__ == "rival_module"
    told = {record.distribution: status for record, status in registry.statuses(load=True) if record.name == "good-one"}
    assert told["rival"] == "broken: its name is also claimed by good-dist"


def test_aliases_of_one_class_are_no_clash(site: Path) -> None:
    entries = {"mmg.estimators/good-one": "good_module:Good", "mmg.estimators/goody": "good_module:Good"}
    install(site, "good-dist", "1.5", entries, {"good_module": GOOD})
    assert registry.load_plugin("goody") is registry.load_plugin("good-one")
    assert registry.record_of(registry.load_plugin("goody")).name == "good-one"


def test_a_stale_copy_of_a_distribution_is_no_clash(site: Path, tmp_path_factory: pytest.TempPathFactory) -> None:
    add(site)
    old = tmp_path_factory.mktemp("old")
    install(old, "good-dist", "0.1", {"mmg.estimators/good-one": "old:Old"}, {})
    sys.path.append(str(old))
    try:
        assert registry.find("good-one").version == "1.5"
    finally:
        sys.path.remove(str(old))


def test_mmg_plugins_limits_third_party_plugins(site: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    add(site)
    add(site, "other-one", "other-dist")
    install(site, "mmg-registry", "9.9", {"mmg.estimators/home-made": "x:Y"}, {})
    monkeypatch.setenv("MMG_PLUGINS", "other-one")
    assert "other-one" in names()
    assert "good-one" not in names()
    assert "home-made" in names()
    monkeypatch.setenv("MMG_PLUGINS", "")
    assert {record.origin for record in registry.records()} == {"built-in"}
    with pytest.raises(PluginError, match="'good-one' is installed, but the environment variable MMG_PLUGINS"):
        registry.load_plugin("good-one")


@pytest.mark.parametrize(
    ("source", "told"),
    [
        ("Good = 3\n", "3 is not a subclass of mmg_registry.Estimator"),
        ("class Good: ...\n", "is not a subclass"),
        (
            "from mmg_registry.contracts import Estimator\nclass Good(Estimator):\n    name = summary = 'a'\n",
            "Good lacks estimate, fit, reference",
        ),
        (GOOD + "    class Options: ...\n", "Good.Options is not a subclass of mmg_registry.Options"),
        (
            GOOD + "    from mmg_registry.contracts import Options as O\n    class Options(O):\n        steps: int\n",
            "Good has options without a default: steps",
        ),
    ],
)
def test_a_class_against_the_contract_is_refused(site: Path, source: str, told: str) -> None:
    add(site, source=source)
    with pytest.raises(PluginError, match=r"'good-one' of good-dist 1.5 breaks the contract") as caught:
        registry.load_plugin("good-one")
    assert told in str(caught.value)


def test_damaged_metadata_of_a_stranger_count_as_none(site: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    add(site)
    info = site / "damaged-1.0.dist-info"
    info.mkdir()
    (info / "entry_points.txt").write_bytes(b"[mmg.estimators]\nx = \xff\xfe\n")
    assert "good-one" in names()
    monkeypatch.setenv("MMG_STRICT_PLUGINS", "1")
    with pytest.raises(PluginError, match="metadata of a distribution cannot be read"):
        registry.records()


def test_register_and_replace_in_process() -> None:
    class Mine(GaussianMI):
        name = "my-own"

    assert mmg_registry.register(Mine) is Mine
    assert registry.load_plugin("my-own") is Mine
    assert registry.find("my-own").origin == "in-process"

    class Again(GaussianMI):
        name = "my-own"

    registry.register(Again)
    assert registry.load_plugin("my-own") is Again
    assert ("my-own", "ok") in [(record.name, status) for record, status in registry.statuses(load=True)]


def test_a_registered_class_may_share_a_name_under_its_prefix(site: Path) -> None:
    add(site)

    class Mine(GaussianMI):
        name = "good-one"

    registry.register(Mine)
    with pytest.raises(PluginError, match="claimed by"):
        registry.load_plugin("good-one")
    assert registry.load_plugin("in-process:good-one") is Mine


def test_register_refuses_what_breaks_the_contract() -> None:
    class Unfinished(Estimator):
        name = "unfinished"

    with pytest.raises(PluginError, match="'Unfinished' breaks the contract"):
        registry.register(Unfinished)
    assert "unfinished" not in names()


def test_record_of_an_unknown_class() -> None:
    with pytest.raises(PluginError, match="is not a registered plugin"):
        registry.record_of(GaussianMI)


def test_lazy_exports() -> None:
    assert set(mmg_registry.__all__) <= set(dir(mmg_registry))
    assert all(getattr(mmg_registry, name) is not None for name in mmg_registry.__all__)
    assert mmg_registry.Options is Options
    with pytest.raises(AttributeError, match="no attribute 'nonsense'"):
        _ = mmg_registry.nonsense
