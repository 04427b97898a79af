"""The published packages: what each needs to install at all, and an environment of its own for each.

Environments lie under build/peers, which git ignores: 0.7 to 1.5 GB each, a few minutes each to make.
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
    """An environment could not be made; the message is the end of what pip said."""


@dataclass(frozen=True)
class Peer:
    """A published package beside ours.

    Attributes:
        steps: lists of words for pip install, one call each.
        worker: the script that runs it, in `workers`.
        methods: its methods, by the name of the plugin of ours that stands beside each.
        n_train, n_eval: rows that it is given at most; ours get the same.
    """

    steps: tuple[tuple[str, ...], ...]
    worker: str
    methods: Mapping[str, str] = field(default_factory=dict)
    n_train: int = 100_000
    n_eval: int = 10_000


def _same(*names: str) -> dict[str, str]:
    return {name: name for name in names}


PEERS = {
    "diffusion-mi": Peer(  # what it declares is larger than what it needs, and lacks nothing but torchvision, unused
        (
            (TORCH, "numpy", "lightning==2.6.6", "pytorch-lightning==2.6.6", "scikit-learn", "scipy", "matplotlib"),
            ("tensorboardX", "tqdm"),
            ("--no-deps", "diffusion-mi==0.1.0"),
        ),
        "on_diffusion_mi.py",
        _same("mmg", "minde-c", "minde-j", "mine", "infonce", "nwj", "smile", "doe", "f-dime"),
    ),
    "torch-mist": Peer(  # pandas is imported and not declared
        ((TORCH, "numpy<2", "pandas", "torch-mist==0.2.17"),),
        "on_torch_mist.py",
        _same("mine", "infonce", "nwj", "smile", "doe"),
    ),
    "latentmi": Peer(  # at 100,000 rows its 300 epochs take hours; it splits what it is given in halves
        ((TORCH, "numpy<2", "latentmi==0.1.3"),), "on_latentmi.py", {"auto": "lmi"}, 5_000, 5_000
    ),
    "benchmark-mi": Peer(  # jax 0.4.38, which pip takes otherwise, breaks the equinox that it pins
        (("numpy<2", "jax==0.4.30", "jaxlib==0.4.30", "benchmark-mi==0.1.3"),),
        "on_benchmark_mi.py",
        _same("mine", "infonce", "nwj", "ksg", "cca"),
    ),
}


def ensure(name: str, peer: Peer, home: Path = HOME) -> Path:
    """The Python of the environment of `peer`, which is made unless it is complete and of the same recipe.

    Raises:
        Unavailable: when pip fails; nothing half-made is left.
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
    """The environment variables of a worker: one thread, nothing of ours on its path, and a home to write to."""
    kept = {name: value for name, value in os.environ.items() if not name.startswith("PYTHON")}
    threads = dict.fromkeys(("OMP_NUM_THREADS", "MKL_NUM_THREADS", "OPENBLAS_NUM_THREADS"), "1")
    one = "--xla_cpu_multi_thread_eigen=false intra_op_parallelism_threads=1"
    return {**kept, **threads, "XLA_FLAGS": one, "MPLCONFIGDIR": str(scratch)}


def _call(words: list[str]) -> None:
    done = subprocess.run(words, capture_output=True, text=True)
    if done.returncode != 0:
        raise Unavailable(common.last_line(done.stderr) or f"pip ended with code {done.returncode}")
