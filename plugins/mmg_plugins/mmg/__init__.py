"""MMG: estimators of mutual information from the gap between two denoising errors, and the parts they are made of.

`mmg` and `auto` declare the estimators, which share the class in `estimator`. A recipe (`recipe`) joins the `parts`
that train the denoisers and measure their gap. The `steps` lead from the measured gap to the estimate and its standard
error. `thresholds` holds the numbers that parts and steps decide by.
"""
