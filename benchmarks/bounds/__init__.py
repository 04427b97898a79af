"""Benchmarks of bounds for models with a known density."""
