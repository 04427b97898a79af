"""The published packages: the requirements with which each can be installed, and an environment for each.

Environments lie under build/peers, which git ignores. Each takes 0.7 to 1.5 GB and a few minutes to make.
"""

from __future__ import annotations

import json
import os
import shutil
import subprocess
import sys
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path

from benchmarks import common

HOME = common.ROOT / "build" / "peers"
WORKERS = Path(__file__).parent / "workers"
TORCH = "torch==2.13.0"


class Unavailable(Exception):
    """The error for an environment that could not be made; its message is the end of pip's output."""


@dataclass(frozen=True)
class Peer:
    """A published package to compare with.

    Attributes:
        steps: lists of words for pip install, one call each.
        worker: the script in `workers` that runs the package.
        methods: its methods, by the name of our plugin of the same method.
        n_train, n_eval: most rows that it is given; ours get the same.
    """

    steps: tuple[tuple[str, ...], ...]
    worker: str
    methods: Mapping[str, str] = field(default_factory=dict)
    n_train: int = 100_000
    n_eval: int = 10_000


def _same(*names: str) -> dict[str, str]:
    return {name: name for name in names}


PEERS = {
    "diffusion-mi": Peer(  # it declares more than it needs; only torchvision, which it never uses, is missing
        (
            (TORCH, "numpy", "lightning==2.6.6", "pytorch-lightning==2.6.6", "scikit-learn", "scipy", "matplotlib"),
            ("tensorboardX", "tqdm"),
            ("--no-deps", "diffusion-mi==0.1.0"),
        ),
        "on_diffusion_mi.py",
        _same("mmg", "minde-c", "minde-j", "mine", "infonce", "nwj", "smile", "doe", "f-dime"),
    ),
    "torch-mist": Peer(  # it imports pandas without declaring it
        ((TORCH, "numpy<2", "pandas", "torch-mist==0.2.17"),),
        "on_torch_mist.py",
        _same("mine", "infonce", "nwj", "smile", "doe"),
    ),
    "latentmi": Peer(  # with 100,000 rows its 300 epochs take hours; it splits its rows into halves
        ((TORCH, "numpy<2", "latentmi==0.1.3"),), "on_latentmi.py", {"auto": "lmi"}, 5_000, 5_000
    ),
    "benchmark-mi": Peer(  # pip would take jax 0.4.38, which breaks the equinox that it pins
        (("numpy<2", "jax==0.4.30", "jaxlib==0.4.30", "benchmark-mi==0.1.3"),),
        "on_benchmark_mi.py",
        _same("mine", "infonce", "nwj", "ksg", "cca"),
    ),
}


def ensure(name: str, peer: Peer, home: Path = HOME) -> Path:
    """Return the Python of the environment of `peer`; make it unless it is complete and of the same recipe.

    Raises:
        Unavailable: when pip fails; no partial environment is left.
    """
    folder = home / name
    python, ready, recipe = folder / "bin" / "python", folder / "complete", json.dumps(peer.steps)
    if ready.exists() and ready.read_text() == recipe:
        return python
    try:
        _call([sys.executable, "-m", "venv", "--clear", str(folder)])
        for words in peer.steps:
            _call([str(python), "-m", "pip", "install", "--quiet", *words])
    except Unavailable:
        shutil.rmtree(folder, ignore_errors=True)
        raise
    ready.write_text(recipe)
    return python


def alone(scratch: Path) -> dict[str, str]:
    """Return the environment variables of a worker: one thread, no path of ours, and a home folder to write to."""
    kept = {name: value for name, value in os.environ.items() if not name.startswith("PYTHON")}
    threads = dict.fromkeys(("OMP_NUM_THREADS", "MKL_NUM_THREADS", "OPENBLAS_NUM_THREADS"), "1")
    one = "--xla_cpu_multi_thread_eigen=false intra_op_parallelism_threads=1"
    return {**kept, **threads, "XLA_FLAGS": one, "MPLCONFIGDIR": str(scratch)}


def _call(words: list[str]) -> None:
    done = subprocess.run(words, capture_output=True, text=True)
    if done.returncode != 0:
        raise Unavailable(common.last_line(done.stderr) or f"pip ended with code {done.returncode}")
