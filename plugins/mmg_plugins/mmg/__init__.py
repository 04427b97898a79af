"""MMG: estimators of mutual information by the gap between two denoising errors, and what they are made of.

`mmg` and `auto` declare the estimators, whose one class is in `estimator`; `recipe` puts the `parts` together; `steps`
leads from the measured gap to the estimate; `thresholds` holds what steps and parts decide by.
"""
