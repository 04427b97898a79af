"""Measurements of the CUDA core: `report` needs a compiler, all others need a GPU."""
