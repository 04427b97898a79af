"""Registers, spills and shared memory of each CUDA kernel for every architecture, as the compiler reports them.

Where the disassembler is at hand, the report also has the instructions that the loops of each kernel spend on a product
of the tensor cores.

    python -m benchmarks.cuda.report [--architectures 80,90] [--output FILE]

The program needs nvcc and no GPU. A selection of architectures is printed, and written only with --output. A kernel's
shared memory is chosen at launch: a whole tile where it fits, else what the card has; the table of tiles shows the size
of a whole one.
"""

from __future__ import annotations

import argparse
import re
import shutil
import subprocess
import sys
import tempfile
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any

from benchmarks import common
from benchmarks.cuda import sass
from mmg_registry.core import Network, compiled

ARCHITECTURES = ("80", "86", "89", "90", "100", "120")
SOURCES = ("train", "gap")
SIZES = [(1, 1, 64, 2), (5, 5, 128, 2), (25, 25, 128, 2), (25, 25, 256, 4), (512, 512, 256, 4)]
NO_LIMIT, TILE_ROWS = 2**60, 32  # floats, data rows
KERNEL = "Compiling entry function"
NAME = re.compile(r" '\w*?(train|gap)_kernelINS0_\d+(Exact|Tensor)")
FACTS = {
    "registers": re.compile(r"Used (\d+) registers"),
    "stack_bytes": re.compile(r"(\d+) bytes stack frame"),
    "spill_store_bytes": re.compile(r"(\d+) bytes spill stores"),
    "spill_load_bytes": re.compile(r"(\d+) bytes spill loads"),
    "static_shared_bytes": re.compile(r"(\d+) bytes smem"),  # ptxas leaves it out where there are none
}
MATHS = {"Exact": "float32", "Tensor": "bf16"}


def compile_kernels(nvcc: str, source: str, architecture: str, folder: Path) -> str:
    """Compile one file, and return what ptxas prints about its kernels.

    Raises:
        subprocess.CalledProcessError: where nvcc fails.
    """
    command = [nvcc, "-std=c++17", "-O3", f"-arch=sm_{architecture}", "-Xptxas", "-v", "-cubin"]
    command += [str(common.ROOT / "csrc" / "cuda" / f"{source}.cu"), "-o", str(folder / "kernels.cubin")]
    return subprocess.run(command, capture_output=True, text=True, check=True).stderr


def kernels(text: str, architecture: str) -> Iterator[dict[str, Any]]:
    """Yield one row for each kernel in what ptxas printed.

    Raises:
        ValueError: for a kernel of an unknown name.

    Example:
        >>> text = '''Compiling entry function '_ZN3mmg3gpu10gap_kernelINS0_5ExactELb0EEEvv' for 'sm_80'
        ...     40 bytes stack frame, 0 bytes spill stores, 0 bytes spill loads
        ... Used 189 registers, used 1 barriers'''
        >>> next(kernels(text, "80"))["registers"]
        189
    """
    for part in text.split(KERNEL)[1:]:
        row: dict[str, Any] = {"kernel": _kernel_name(part), "architecture": architecture}
        facts = {key: fact.search(part) for key, fact in FACTS.items()}
        yield row | {key: int(found[1]) if found else 0 for key, found in facts.items()}


def instructions(folder: Path) -> dict[str, dict[str, Any]]:
    """Return the least and the most instructions on a product among the loops of each kernel compiled to `folder`."""
    if not sass.available():
        return {}
    found = {}
    for name, body in sass.functions(sass.disassemble(folder / "kernels.cubin")):
        spent = [round(each, 1) for each in sass.per_product(body)] or ["-"]
        found[_kernel_name(f" '{name}")] = {
            "instructions": len(body),
            "a product, least": min(spent),
            "a product, most": max(spent),
        }
    return found


def _kernel_name(text: str) -> str:
    """Return the name of the kernel in a mangled symbol.

    Raises:
        ValueError: for a kernel of an unknown name.
    """
    name = NAME.match(text)
    if name is None:
        raise ValueError(f"The compiler's report names a kernel in a way of its own: {text.splitlines()[0]}")
    return f"{name[1]}, {MATHS[name[2]]}"


def tile_rows() -> list[dict[str, Any]]:
    """Return the bytes of a whole tile of 32 rows by the sizes of the problem; with bf16, packed weights included."""
    core = compiled()
    assert core is not None, "the compiled core counts a tile's memory"
    rows = []
    for dim_x, dim_y, width, depth in SIZES:
        network = Network(dim_x, dim_y, width, depth)
        row: dict[str, Any] = {"columns": f"{dim_x}+{dim_y}", "width": width, "depth": depth}
        for name, trains, tensor in (("train", True, True), ("gap, float32", False, False), ("gap, bf16", False, True)):
            row[f"{name} bytes"] = 4 * core.emulated.tile_floats(_sizes(network, trains, tensor), TILE_ROWS, NO_LIMIT)
        rows.append(row)
    return rows


def _sizes(network: Network, trains: bool, tensor: bool) -> dict[str, Any]:
    """Return the smallest set of sizes that a call needs."""
    zero = ("x", "y", "rho", "s2", "edges", "cdf", "logistic", "seeds", "weights", "m", "v", "ema", "losses", "grad",
            "rates", "bins", "rows", "first_step", "n_steps", "beta1", "beta2", "eps", "weight_decay")  # fmt: skip
    sizes = {name: getattr(network, name) for name in ("dim_x", "dim_y", "width", "depth", "context")}
    counts = {"problems": 1, "n_rows": 1, "n_bins": 32, "batch": 1, "repeats": 1, "trains": trains, "tensor": tensor}
    return {**dict.fromkeys(zero, 0), **sizes, **counts}


def main(argv: Sequence[str] | None = None) -> int:
    parser = argparse.ArgumentParser(description="Registers, spills and shared memory of the CUDA kernels.")
    parser.add_argument("--architectures", default=",".join(ARCHITECTURES))
    parser.add_argument("--output", type=Path)
    options = parser.parse_args(argv)
    architectures = options.architectures.split(",")
    whole = common.RESULTS / "cuda_report.json" if set(architectures) >= set(ARCHITECTURES) else None
    nvcc = shutil.which("nvcc")
    if nvcc is None:
        print("The report needs CUDA's compiler, nvcc, on the path; it was not found.", file=sys.stderr)
        return 1
    rows: list[dict[str, Any]] = []
    with tempfile.TemporaryDirectory() as folder:
        for architecture in architectures:
            for source in SOURCES:
                said = compile_kernels(nvcc, source, architecture, Path(folder))
                spent = instructions(Path(folder))
                rows += [row | spent.get(row["kernel"], {}) for row in kernels(said, architecture)]
    version = subprocess.run([nvcc, "--version"], capture_output=True, text=True, check=True).stdout
    release = re.search(r"release ([\d.]+), V([\d.]+)", version)
    tiles = tile_rows()
    print(common.table(rows), common.table(tiles), sep="\n\n")
    output = options.output or whole
    if output:
        results = {"kernels": rows, "tiles": tiles}
        common.write(output, common.document(results, seeds=[], nvcc=release[2] if release else version))
    return 0


if __name__ == "__main__":
    raise SystemExit(main())
