"""Measurements behind the claims of the README; each module runs as `python -m benchmarks.NAME` and writes results/."""
