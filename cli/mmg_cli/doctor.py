"""`mmg doctor`: the state of the installation, and the reasons why a part of it is not available."""

from __future__ import annotations

import platform
import sys
from itertools import zip_longest
from typing import Any

from mmg_cli.common import Json, Quiet, Verbose
from mmg_cli.output import columns, display, print_json
from mmg_registry.threads import usable_cores

PACKAGES = (
    "mmg-registry", "numpy", "scipy", "torch", "pydantic", "pluggy", "typer", "rich", "safetensors",
    "joblib", "matplotlib", "pandas", "pyarrow",
)  # fmt: skip


def doctor(json: Json = False, quiet: Quiet = False, verbose: Verbose = 0) -> None:
    """Say what is installed, what was built, which instruction set and GPU are used, and what is broken."""
    found = examine()
    if json:
        print_json(found)
        return
    rows = [["python", found["python"]], ["platform", found["platform"]], *_version_rows(found["versions"])]
    print(columns([*rows, *_core_rows(found["core"]), ["configuration", found["configuration"]]]))
    print()
    print(columns([["PLUGIN", "STATUS"], *([plugin["name"], plugin["status"]] for plugin in found["plugins"])]))
    display(f"\n{_verdict(found)}")


def examine() -> dict[str, Any]:
    """Return the state of the installation; raise no error, because the doctor must work in a broken installation."""
    from mmg_registry.provenance import version

    return {
        "python": f"{platform.python_version()} ({sys.executable})",
        "platform": platform.platform(),
        "versions": {name: version(name) for name in PACKAGES},
        "configuration": examine_configuration(),
        "core": examine_core(),
        "plugins": examine_plugins(),
    }


def examine_configuration() -> str:
    """Return the file that defaults of options are taken from, with what it holds, or the reason why it cannot be."""
    from mmg_cli.configuration import read

    try:
        found = read()
    except Exception as error:
        return _reason(error)
    return f"{found.path}: {dict(found.values)}" if found.path else "none (mmg.toml, or [tool.mmg] of pyproject.toml)"


def examine_core() -> dict[str, Any]:
    """Return the compiled core's build information; "core_error" is None, or the reason why it does not load."""
    try:
        from mmg_registry.core import build_info

        core = {"core_error": None, **build_info()}
        return {**core, "gpu_checks": [_checked(i) for i, _ in enumerate(core["gpus"])] if core["cuda"] else []}
    except Exception as error:
        return {"core_error": _reason(error)}


def _checked(index: int) -> str:
    """Return the result of a GPU's self-check: "passed", or the reason why the GPU is refused."""
    from mmg_registry.core import gpu_verdict

    try:
        return gpu_verdict(index).removeprefix("the self-check ") or "passed"
    except Exception as error:
        return f"could not run: {_reason(error)}"


def examine_plugins() -> list[dict[str, str]]:
    """Return every plugin with "ok" or the reason why it does not load."""
    from mmg_cli.plugins.listing import listing

    try:
        rows = listing(load=True)
    except Exception as error:
        return [{"name": "(all)", "status": f"broken: {_reason(error)}"}]
    return [{"name": ", ".join([row["name"], *row["aliases"]]), "status": row["status"]} for row in rows]


def _reason(error: Exception) -> str:
    return " ".join(f"{type(error).__name__}: {error}".split())


def _version_rows(versions: dict[str, str | None]) -> list[list[str]]:
    return [[name, version or "not installed"] for name, version in versions.items()]


def _core_rows(core: dict[str, Any]) -> list[list[str]]:
    if core["core_error"]:
        return [["core", f"does not load, and a slower reference takes its place: {core['core_error']}"]]
    isas = ", ".join(map(str, core.get("isas_available", [])))
    return [
        ["core", f"built by compiler {core.get('compiler')}"],
        ["instruction set", f"{core.get('isa')} (of {isas}; MMG_ISA forces one)"],
        *_cuda_rows(core),
        ["threads", f"{usable_cores()} usable by this process"],
    ]


def _cuda_rows(core: dict[str, Any]) -> list[list[str]]:
    """Return table rows about the use of GPUs, the build for GPUs, and each GPU with the result of its self-check."""
    checks, names = core.get("gpu_checks") or [], core.get("gpus") or []
    why = core.get("cuda_reason") or "no GPU passes the self-check"
    rows = [["cuda", "yes, with --device cuda" if "passed" in checks else f"no: {why}"]]
    built = core.get("cuda_built")
    if built:
        newest = built["architectures"].split(", ")[-1]
        made = (
            f"by CUDA {built['toolkit']} for architectures {built['architectures']}, and PTX for those after {newest}"
        )
        rows.append(["cuda core", f"built {made}"])
        rows += [] if checks else [["self-check", "could not run, for no GPU can be used"]]
    gpus = enumerate(zip_longest(names, checks, fillvalue="could not run"))
    return [*rows, *([f"gpu {i}", f"{name}; self-check: {said}"] for i, (name, said) in gpus)]


def _verdict(found: dict[str, Any]) -> str:
    problems = sum(plugin["status"] != "ok" for plugin in found["plugins"]) + bool(found["core"]["core_error"])
    problems += sum(check != "passed" for check in found["core"].get("gpu_checks", []))
    if problems == 1:
        return "1 problem was found; it is named above."
    return f"{problems} problems were found; they are named above." if problems else "No problems were found."
