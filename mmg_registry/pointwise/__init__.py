"""Pointwise mutual information: what the single row says, from fitted estimators and from denoisers of one's own.

    pmi        the values of new rows
    denoiser   the integral over the schedule of a pretrained denoiser
    files      the values as a file: npz, parquet, csv

The values of the rows that an estimate evaluates come with it (`Request.pointwise`, `mmg_registry.estimation.by_row`).
"""
