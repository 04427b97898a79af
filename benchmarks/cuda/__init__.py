"""Measurements of the CUDA core: `report` needs a compiler, everything else a GPU."""
