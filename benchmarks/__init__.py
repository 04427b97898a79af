"""Measurements behind the README's claims; each module runs as `python -m benchmarks.NAME` and writes to results/."""
