"""Which columns of a table tell of a target: information, p-values, false discoveries, and what the next one adds.

rows     a table as features, a target and what is given; the rows of one feature
classes  the information of both columns cut into classes, which bounds theirs from below
look     the first look at a feature: a p-value and that bound, from all rows
values   the estimate of a feature by a plugin, from some rows
table    the columns of the result, the order of features, false discovery rates
greedy   features one by one, each for what it adds to those before
answer   `mmg.rank`, from a request to a table
forecast time and memory, from a few features
work     features as works of an engine
"""
