"""Layers never import upwards, the registry knows no plugin by name, and listing imports nothing heavy."""

from __future__ import annotations

import ast
import os
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[1]
PACKAGES = {"mmg_registry": ROOT, "mmg_plugins": ROOT / "plugins", "mmg_cli": ROOT / "cli"}

# Lowest first; a module imports only its own and lower layers.
LAYERS = [
    {"mmg_registry.errors", "mmg_registry.names"},
    {"mmg_registry.limits", "mmg_registry.devices", "mmg_registry.entry_points"},
    {"mmg_registry.threads"},
    {"mmg_registry.results", "mmg_registry.provenance"},
    {"mmg_registry.contracts", "mmg_registry.in_process"},
    {"mmg_registry.request"},
    {"mmg_registry.data", "mmg_registry.preprocess", "mmg_registry.samplers", "mmg_registry.bounds"},
    {"mmg_registry.annealing", "mmg_registry.models"},
    {"mmg_registry.hooks"},
    {"mmg_registry.registry"},
    {"mmg_registry.core", "mmg_registry.training"},
    {"mmg_registry.diffusion"},
    {"mmg_registry.estimation", "mmg_registry.storage"},
    {"mmg_registry.api", "mmg_registry.bounds.run", "mmg_registry.testing"},
    {"mmg_registry.benchmark"},
    {"mmg_registry", "mmg_registry.__main__"},
    {"mmg_plugins"},
    {"mmg_cli"},
]


def modules() -> dict[str, Path]:
    found = {}
    for package, root in PACKAGES.items():
        for path in sorted((root / package).rglob("*.py")):
            parts = path.relative_to(root).with_suffix("").parts
            found[".".join(parts[:-1] if parts[-1] == "__init__" else parts)] = path
    return found


def layer(module: str) -> int:
    """Index of the layer with the longest name that `module` is in."""
    names = {name: i for i, names in enumerate(LAYERS) for name in names}
    parts = module.split(".")
    for length in range(len(parts), 0, -1):
        prefix = ".".join(parts[:length])
        if prefix in names and (prefix != "mmg_registry" or module == "mmg_registry"):
            return names[prefix]
    raise AssertionError(f"{module} has no layer; give it one in {__file__}")


def imports(module: str, source: str, known: set[str]) -> Iterator[str]:
    """Modules of ours that `source` imports, anywhere in it."""
    package = module if (ROOT / Path(*module.split("."))).is_dir() else module.rpartition(".")[0]
    for node in ast.walk(ast.parse(source)):
        if isinstance(node, ast.Import):
            yield from (alias.name for alias in node.names if alias.name.split(".")[0] in PACKAGES)
        if isinstance(node, ast.ImportFrom):
            above = package.split(".")[: len(package.split(".")) - node.level + 1] if node.level else []
            base = ".".join([*above, *([node.module] if node.module else [])])
            if base.split(".")[0] in PACKAGES:
                for alias in node.names:
                    full = f"{base}.{alias.name}"
                    yield full if full in known else base


def test_there_are_modules_of_all_three_packages() -> None:
    assert {name.split(".")[0] for name in modules()} == set(PACKAGES)


@pytest.mark.parametrize("module", sorted(modules()))
def test_layers_never_import_upwards(module: str) -> None:
    found = modules()
    targets = imports(module, found[module].read_text(encoding="utf-8"), set(found))
    assert [target for target in targets if layer(target) > layer(module)] == []


def test_upward_imports_would_be_seen() -> None:
    source = "def f():\n    from mmg_registry import api\n    import mmg_cli.main\n"
    assert list(imports("mmg_registry.errors", source, set(modules()))) == ["mmg_registry.api", "mmg_cli.main"]
    assert layer("mmg_registry.api") > layer("mmg_registry.errors")


@pytest.mark.parametrize("module", [name for name in sorted(modules()) if name.startswith("mmg_registry")])
def test_the_registry_names_no_plugin_and_no_command_line(module: str) -> None:
    tree = ast.parse(modules()[module].read_text(encoding="utf-8"))
    words = [node.value for node in ast.walk(tree) if isinstance(node, ast.Constant) and isinstance(node.value, str)]
    docs = {ast.get_docstring(node, clean=False) for node in ast.walk(tree) if isinstance(node, _DOCUMENTED)}
    assert not [word for word in words if word not in docs and ("mmg_plugins" in word or "mmg_cli" in word)]
    assert not [name for name in imports(module, ast.unparse(tree), set(modules())) if name.startswith("mmg_p")]


_DOCUMENTED = (ast.Module, ast.ClassDef, ast.FunctionDef, ast.AsyncFunctionDef)
HEAVY = ("torch", "numpy", "pydantic", "scipy", "pluggy", "typer", "mmg_plugins", "mmg_cli")


LISTINGS = [
    "import mmg_registry",
    "import mmg_registry; mmg_registry.plugins(); mmg_registry.__version__",
    "from mmg_registry import registry; registry.records(); registry.statuses()",
]


@pytest.mark.parametrize("code", LISTINGS)
def test_listing_imports_nothing_heavy(code: str) -> None:
    script = f"{code}\nimport sys\nprint([name for name in {HEAVY} if name in sys.modules])"
    path = os.pathsep.join([*map(str, PACKAGES.values()), os.environ.get("PYTHONPATH", "")]).rstrip(os.pathsep)
    environment = {**os.environ, "PYTHONPATH": path}
    done = subprocess.run([sys.executable, "-c", script], capture_output=True, text=True, env=environment, check=True)
    assert done.stdout.strip() == "[]"
