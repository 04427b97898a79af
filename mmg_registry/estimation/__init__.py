"""The way from data to an estimate: checks, splits, cross-fitting, units and provenance, once for all estimators."""
