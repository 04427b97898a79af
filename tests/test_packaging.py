"""What the distribution says of itself: name, version, licence, classifiers, and every package that it imports."""

from __future__ import annotations

import ast
import re
import subprocess
import sys
from importlib import metadata
from pathlib import Path

import pytest
from places import ROOT

tomllib = pytest.importorskip("tomllib", reason="the standard library reads TOML from Python 3.11 on")
PYPROJECT = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))
PROJECT = PYPROJECT["project"]
SOURCES = ("mmg_registry", "plugins/mmg_plugins", "cli/mmg_cli")
OURS = {"mmg_registry", "mmg_plugins", "mmg_cli"}
WITH_EXTRAS = ("plot", "data", "formats", "digits", "sklearn", "engines", "mpi")  # extras that sources import of, late
DISTRIBUTIONS = {
    "sklearn": "scikit-learn",
    "typing_extensions": "typing-extensions",
    "yaml": "pyyaml",
}  # where the names differ

NOT_ON_WINDOWS = {"fcntl", "grp", "posix", "pty", "pwd", "resource", "syslog", "termios", "tty"}
CONDA = {"torch": "pytorch"}  # where conda-forge has another name


def names(requirements: list[str]) -> set[str]:
    return {re.split(r"[<>=!~ ;\[]", each, maxsplit=1)[0] for each in requirements}


def imports_of(path: Path) -> set[str]:
    """The top-level packages that a file imports anywhere, the standard library's among them."""
    found = set()
    for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
        if isinstance(node, ast.Import):
            found |= {alias.name.split(".")[0] for alias in node.names}
        if isinstance(node, ast.ImportFrom) and node.module and not node.level:
            found.add(node.module.split(".")[0])
    return found


def imported() -> set[str]:
    """The distributions of all packages that the sources import, the standard library's left out."""
    paths = (path for source in SOURCES for path in (ROOT / source).rglob("*.py"))
    found = set().union(*map(imports_of, paths))
    return {DISTRIBUTIONS.get(name, name) for name in found - OURS - set(sys.stdlib_module_names)}


def test_the_name_is_not_that_of_another_project() -> None:
    assert PROJECT["name"] == "mmg-registry"
    assert PROJECT["scripts"] == {"mmg": "mmg_cli.main:main"}


def test_the_version_is_written_once() -> None:
    import mmg_registry

    assert mmg_registry.__version__ == metadata.version("mmg-registry") == PROJECT["version"]
    assert not re.search(r"^project\([^)]*VERSION", (ROOT / "CMakeLists.txt").read_text(), re.MULTILINE)
    assert not any(f'"{PROJECT["version"]}"' in path.read_text() for path in (ROOT / "mmg_registry").rglob("*.py"))


def test_the_licence_is_an_expression_with_its_file() -> None:
    assert PROJECT["license"] == "MIT"
    assert [(ROOT / name).read_text().split("\n")[0] for name in PROJECT["license-files"]] == ["MIT License"]
    assert not [each for each in PROJECT["classifiers"] if each.startswith("License ::")]  # PEP 639 asks for one place


def test_the_classifiers_name_the_pythons_that_the_project_takes() -> None:
    minors = [int(found[1]) for each in PROJECT["classifiers"] if (found := re.search(r"Python :: 3\.(\d+)$", each))]
    assert PROJECT["requires-python"] == f">=3.{min(minors)}"
    assert minors == list(range(min(minors), max(minors) + 1))
    assert f"Python 3.{min(minors)} to 3.{max(minors)}" in (ROOT / "README.md").read_text(encoding="utf-8")


def test_the_classifiers_say_that_types_are_shipped() -> None:
    assert "Typing :: Typed" in PROJECT["classifiers"]
    assert [source for source in SOURCES if not (ROOT / source / "py.typed").is_file()] == []


def test_every_package_that_is_imported_is_required() -> None:
    extras = [each for name in WITH_EXTRAS for each in PROJECT["optional-dependencies"][name]]
    assert imported() - names(PROJECT["dependencies"] + extras) == set()


def test_every_required_package_is_imported() -> None:
    assert names(PROJECT["dependencies"]) - imported() == set()


def test_modules_that_windows_lacks_are_imported_in_one_place() -> None:
    found = {
        (str(path.relative_to(ROOT)), name)
        for source in SOURCES
        for path in (ROOT / source).rglob("*.py")
        for name in imports_of(path) & NOT_ON_WINDOWS
    }
    assert found == {("mmg_registry/memory.py", "resource")}


def test_wheels_are_built_for_the_pythons_of_the_classifiers() -> None:
    minors = [int(found[1]) for each in PROJECT["classifiers"] if (found := re.search(r"Python :: 3\.(\d+)$", each))]
    assert PYPROJECT["tool"]["cibuildwheel"]["build"] == [f"cp3{minor}-*" for minor in minors]


def test_the_recipe_requires_what_the_distribution_requires() -> None:
    yaml = pytest.importorskip("yaml")
    recipe = yaml.safe_load((ROOT / "recipe" / "recipe.yaml").read_text(encoding="utf-8"))
    lines = {each.replace(" ", "") for each in recipe["requirements"]["run"]}
    wanted = {CONDA.get(name, name): each[len(name) :] for each in PROJECT["dependencies"] for name in names([each])}
    assert {f"{name}{bound}" for name, bound in wanted.items()} <= lines
    assert recipe["context"]["version"] == PROJECT["version"]


def test_the_citation_names_the_version() -> None:
    yaml = pytest.importorskip("yaml")
    citation = yaml.safe_load((ROOT / "CITATION.cff").read_text(encoding="utf-8"))
    assert (citation["version"], citation["license"]) == (PROJECT["version"], PROJECT["license"])


def test_the_workflow_does_what_a_submission_must_pass() -> None:
    yaml = pytest.importorskip("yaml")
    jobs = yaml.safe_load((ROOT / ".github" / "workflows" / "ci.yml").read_text(encoding="utf-8"))["jobs"]
    assert {"make lint", "make test"} <= {step.get("run") for job in jobs.values() for step in job["steps"]}


@pytest.mark.parametrize("package", ["mmg_registry", "mmg_cli"])
def test_the_packages_run_as_the_program(package: str) -> None:
    command = [sys.executable, "-m", package, "--version"]
    printed = subprocess.run(command, capture_output=True, text=True, check=True).stdout
    assert printed == f"mmg {PROJECT['version']}\n"
