"""Benchmarks of bounds where a density is known."""
