"""From checked rows to an estimate: splits and cross-fitting, once for all estimators."""
