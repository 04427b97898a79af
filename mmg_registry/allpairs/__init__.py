"""All pairs of columns: which depend on each other, and how much the first of them share.

`answer` is the question (`mmg.pairs`). `columns` are the rows; `look` tests all pairs by products of matrices of
features; `table` puts what was found beside what a plugin estimates of the first pairs, with `normalised` values.
`work` has an engine's workers estimate them, out of a folder that holds the columns. There is no batch of trainings:
on a CPU there is nothing that several trainings could share (`benchmarks/pairs.py`).
"""
