"""Annealed importance sampling: paths between densities, the moves of its chains, and schedules of temperatures."""
