"""Estimators by the MMSE gap: the four variants of MMG, and `auto`, which chooses among them."""
