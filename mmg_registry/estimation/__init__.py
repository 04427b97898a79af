"""From checked rows to an estimate: splits, cross-fitting, units and provenance, once for all estimators."""
