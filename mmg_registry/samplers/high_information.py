"""Pairs of 10 to 30 nats."""

from __future__ import annotations

from dataclasses import replace

from mmg_registry.samplers.contract import Sampler
from mmg_registry.samplers.maps import half_cube, on_both, spiralled
from mmg_registry.samplers.normal import multinormal_sparse, sparse_strength


def _high_mi() -> list[Sampler]:
    """Return samplers of two correlated pairs in 3x3: 9.9 to 14.5 nats, plain and mapped; 20 and 30 nats, plain."""
    plain = [multinormal_sparse(3, strength) for strength in (200, 650, 1100, 1550, 2000)]
    mapped = [on_both("half_cube", half_cube, base) for base in plain] + [spiralled(base) for base in plain]
    extreme = [replace(multinormal_sparse(3, sparse_strength(mi)), truth=mi, name=_nats(mi)) for mi in (20.0, 30.0)]
    return [*plain, *mapped, *extreme]


def _nats(mi: float) -> str:
    return f"multinormal-sparse-3-3-2-{mi:g}nats"


HIGH_MI: dict[str, Sampler] = {task.name: task for task in _high_mi()}
