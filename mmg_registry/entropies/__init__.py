"""Entropy of columns and divergence of two samples: contract, counts, the chain over kinds of columns, and results.

`entropy` and `divergence` are the entry points (`mmg_registry.entropy`, `mmg_registry.divergence`).
"""
