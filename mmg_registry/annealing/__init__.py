"""Chains between densities: annealed importance sampling, its moves, schedules and checkpoints."""
