"""Write genes of 700 blood cells, as scanpy's wheel up to 1.9 holds them, as a table of their names: `genes.csv`.

pip download --no-deps scanpy==1.9.8
python genes.py scanpy-1.9.8-py3-none-any.whl
"""

from __future__ import annotations

import io
import sys
import zipfile
from pathlib import Path
from typing import Any

import h5py
import numpy as np
from scipy.sparse import csr_matrix

CELLS = "scanpy/datasets/10x_pbmc68k_reduced.h5ad"
GENES = 60
"""Genes with the largest variance: markers of the kinds of cells are among them."""


def log_counts(wheel: Path) -> tuple[list[str], Any]:
    """Return the names of genes, and the logarithm of their normalised counts `(cells, genes)`."""
    with zipfile.ZipFile(wheel) as files, h5py.File(io.BytesIO(files.read(CELLS))) as cells:
        names = [name.decode() for name in cells["raw.var"]["index"]]
        parts = (cells["raw.X"][part][:] for part in ("data", "indices", "indptr"))
        return names, csr_matrix(tuple(parts), shape=(len(cells["obs"]), len(names))).toarray()


def write(wheel: Path, path: Path, genes: int = GENES) -> None:
    """Write the genes that vary most."""
    names, values = log_counts(wheel)
    chosen = np.sort(np.argsort(-values.var(axis=0))[:genes])
    header = ",".join(names[k] for k in chosen)
    np.savetxt(path, values[:, chosen], fmt="%.5g", delimiter=",", header=header, comments="")


if __name__ == "__main__":
    write(Path(sys.argv[1]), Path(sys.argv[2] if len(sys.argv) > 2 else "genes.csv"))
