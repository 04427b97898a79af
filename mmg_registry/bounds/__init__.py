"""Bounds on mutual information where a density is known: contract, result, models, and what the bounds share.

`run` is the entrance (`mmg_registry.bound`); it alone knows the registry.
"""
