"""`mmg plugins list|show|check`."""

from __future__ import annotations

import json
import sys
from typing import Any, Literal

import pytest
from forked import python

from mmg_cli.plugins.command import type_name


def listed(mmg, *args: str) -> dict[str, dict[str, Any]]:
    rows = json.loads(mmg("plugins", "list", "--json", *args).out)
    return {f"{row['distribution']}:{row['name']}": row for row in rows if row["kind"] == "estimator"}


def test_the_list_groups_aliases_and_names_distributions(mmg) -> None:
    result = mmg("plugins", "list")
    assert (result.code, result.err) == (0, "")
    head, *lines = result.out.splitlines()
    assert head.split() == ["NAME", "KIND", "DISTRIBUTION", "VERSION", "ORIGIN", "STATUS"]
    (row,) = [line for line in lines if line.startswith("fake-gauss")]
    assert row.split() == ["fake-gauss,", "gauss", "estimator", "fake-mmg", "1.0", "third-party", "not", "loaded"]


def test_the_json_list_holds_the_metadata(mmg) -> None:
    assert listed(mmg)["fake-mmg:fake-gauss"] == {
        "name": "fake-gauss",
        "aliases": ["gauss"],
        "kind": "estimator",
        "distribution": "fake-mmg",
        "version": "1.0",
        "origin": "third-party",
        "value": "fake_estimators:Gauss",
        "status": "not loaded",
    }


def test_every_kind_is_listed_and_json_asked_for_in_one_way(mmg) -> None:
    kinds = {row["kind"] for row in json.loads(mmg("plugins", "list", "--json").out)}
    assert kinds == {"estimator", "entropy", "bound", "engine"}
    assert mmg("plugins", "list", "--json").out == mmg("plugins", "list", "--format", "json").out
    assert {row["kind"] for row in json.loads(mmg("plugins", "list", "--kind", "engine", "--json").out)} == {"engine"}


def test_listing_imports_no_plugin(mmg, monkeypatch) -> None:
    monkeypatch.delitem(sys.modules, "fake_estimators", raising=False)
    mmg("plugins", "list")
    assert "fake_estimators" not in sys.modules


def test_a_plugin_whose_package_is_gone_is_marked_without_loading(mmg) -> None:
    assert listed(mmg)["fake-mmg:fake-gone"]["status"] == "broken: no module 'fake_module_that_is_gone'"


def test_a_name_that_two_distributions_claim_is_marked_in_both(mmg) -> None:
    found = listed(mmg)
    assert "other-mmg" in found["fake-mmg:fake-twin"]["status"]
    assert "fake-mmg" in found["other-mmg:fake-twin"]["status"]
    assert found["fake-mmg:fake-plain"]["status"] == "not loaded"  # the same class under an honest name


def test_load_says_which_plugins_work(mmg) -> None:
    found = listed(mmg, "--load")
    assert found["fake-mmg:fake-gauss"]["status"] == "ok"
    gaussian = found["mmg-registry:gaussian"]
    assert (gaussian["conditional"], "continuous" in gaussian["columns"]) == (True, True)
    assert "libfancy.so.3" in found["fake-mmg:fake-broken"]["status"]


def test_show_prints_options_with_types_bounds_defaults_and_descriptions(mmg) -> None:
    result = mmg("plugins", "show", "gauss")
    assert result.code == 0
    lines = [" ".join(line.split()) for line in result.out.splitlines()]
    assert "reference Cover and Thomas, Elements of Information Theory, 2006." in lines
    assert "bound none" in lines
    assert "steps int >= 1, <= 1000 10 How many reports of progress to make." in lines
    assert "preset default|paper default Nothing depends on it." in lines


def test_show_json(mmg) -> None:
    document = json.loads(mmg("plugins", "show", "fake-gauss", "--json").out)
    assert document["curve"] is True
    assert [option["name"] for option in document["options"]] == ["steps", "ridge", "preset"]


def test_show_of_a_plugin_without_options(mmg) -> None:
    assert "It has no options." in mmg("plugins", "show", "fake-plain").out


@pytest.mark.parametrize("command", ["show", "check"])
def test_a_missing_plugin_has_exit_code_3_and_the_nearest_names(mmg, command: str) -> None:
    result = mmg("plugins", command, "fake-gaus")
    assert result.code == 3
    assert result.err.startswith("Error: There is no plugin 'fake-gaus'; the nearest are fake-gauss")


def test_a_clash_names_both_distributions(mmg) -> None:
    result = mmg("plugins", "show", "fake-twin")
    assert result.code == 3
    assert "fake-mmg 1.0 and other-mmg 2.0" in result.err
    assert mmg("plugins", "show", "other-mmg:fake-twin").code == 0


def test_check_counts_the_checks(mmg) -> None:
    result = mmg("plugins", "check", "fake-gauss")
    assert result.code == 0, result.out
    assert "fake-gauss: 30 run, 30 passed, 0 failed, 0 expected to fail, 3 do not apply" in result.out


def test_check_names_what_fails_and_why(mmg) -> None:
    result = mmg("plugins", "check", "fake-constant")
    assert result.code == 3
    lines = [" ".join(line.split()) for line in result.out.splitlines()]
    assert "inputs_untouched failed fit or estimate changed its input arrays" in lines
    assert result.err == (
        "Error: The plugin 'fake-constant' fails 5 of 33 checks: "
        "unknown_option, independence, nan, inputs_untouched, global_generator.\n"
    )


def test_check_json_is_one_document_that_holds_every_check(mmg) -> None:
    result = mmg("plugins", "check", "fake-constant", "--json")
    document = json.loads(result.out)
    assert (result.code, document["status"]) == (3, "failed")
    statuses = {check["check"]: check["status"] for check in document["checks"]}
    assert statuses["independence"] == "failed"
    assert statuses["save_and_load"] == "does not apply"
    assert document["counts"] == {"run": 28, "passed": 23, "failed": 5, "expected": 0, "does not apply": 5}


def test_check_takes_known_failures_with_their_reasons(mmg) -> None:
    known = [f"--expect={name}=it is a fake" for name in ("independence", "nan", "inputs_untouched")]
    result = mmg("plugins", "check", "fake-constant", *known)
    assert result.code == 3
    assert "fails 2 of 33 checks: unknown_option, global_generator." in result.err
    assert "23 passed, 2 failed, 3 expected to fail, 5 do not apply" in result.out


@pytest.mark.parametrize(
    ("expected", "sentence"),
    [
        ("nan", "--expect takes CHECK=REASON, and 'nan' is not of that form."),
        ("speed=slow", "There is no check 'speed'; there are declarations, "),
    ],
)
def test_check_refuses_other_expectations(mmg, expected: str, sentence: str) -> None:
    result = mmg("plugins", "check", "fake-gauss", "--expect", expected)
    assert result.code == 2
    assert sentence in result.err


def test_what_a_plugin_prints_stays_out_of_the_document(environment) -> None:
    done = python("-m", "mmg_cli", "plugins", "check", "fake-chatty", "--json", environment=environment)
    assert json.loads(done.stdout)["status"] == "ok"
    assert "from Python" in done.stderr
    assert "from C" in done.stderr


def test_check_of_a_broken_plugin_prints_its_traceback(mmg) -> None:
    result = mmg("plugins", "check", "fake-broken")
    assert (result.code, result.out) == (3, "")
    assert 'fake_broken.py", line 3' in result.err
    assert result.err.splitlines()[-1] == (
        "Error: The plugin 'fake-broken' of fake-mmg 1.0 cannot be loaded (ImportError: libfancy.so.3: "
        "cannot open shared object file); repair or uninstall fake-mmg."
    )


def test_check_json_of_a_broken_plugin_keeps_stdout_to_one_document(mmg) -> None:
    result = mmg("plugins", "check", "fake-broken", "--json")
    document = json.loads(result.out)
    assert (document["status"], document["checks"]) == ("broken", [])
    assert "libfancy.so.3" in document["traceback"]
    assert "Traceback" not in result.err


def test_check_takes_options_and_refuses_unknown_ones(mmg) -> None:
    assert mmg("plugins", "check", "fake-gauss", "--set", "steps=1").code == 0
    assert mmg("plugins", "check", "fake-gauss", "--set", "step=1").code == 2


def test_a_broken_plugin_does_not_harm_another(mmg) -> None:
    assert mmg("plugins", "show", "fake-gauss").code == 0
    assert mmg("plugins", "show", "fake-broken").code == 3


def test_mmg_plugins_hides_third_parties(mmg, monkeypatch) -> None:
    monkeypatch.setenv("MMG_PLUGINS", "gauss")
    assert [row["name"] for row in listed(mmg).values() if row["origin"] == "third-party"] == ["gauss"]


@pytest.mark.parametrize(
    ("annotation", "text"),
    [(int, "int"), (float | None, "float | None"), (Literal["a", "b"], "a|b"), (tuple[int, ...], "tuple[int, ...]")],
)
def test_types_read_as_a_person_writes_them(annotation: Any, text: str) -> None:
    assert type_name(annotation) == text
