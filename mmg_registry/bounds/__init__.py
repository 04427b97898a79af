"""Bounds on mutual information for models with known densities: contract, result, checkpoints and `run`.

`run` is the entry point (`mmg_registry.bound`), and the only module here that uses the registry.
"""
