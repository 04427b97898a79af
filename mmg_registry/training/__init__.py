"""Training by held-out rows: the loop of all estimators that train, and its parts."""
