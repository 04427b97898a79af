"""Estimators that train nothing: nearest neighbours, closed forms, and counts of discrete pairs."""
