"""Estimators that fit densities: DoE."""
