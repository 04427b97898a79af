"""Whether x and y depend on each other at all, perhaps given z: p-values.

features      functions of a variable, whose moments with those of another see any dependence
statistic     one number of many moments
exchange      which rows may change places if x and y are independent
sequential    the p-value, from no more exchanges than it needs
independence  the quick test
smoother      regression on z
conditional   the quick test given z
evaluated     tests by scores or by estimates of a plugin
redrawn       tests given z by draws of one side, which a plugin has learned to make
answer        `mmg.test`, from a request to a result
"""
