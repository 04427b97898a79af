"""Bounds for models with known densities: annealed, importance-weighted and energy-based ones."""
