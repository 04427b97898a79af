"""Pairs with labels, counts or zeros, whose information is exact.

It is a sum over a table, which has the nodes of a quadrature in place of a number.

`channels` has labels on both sides, `levels` numbers cut into levels, `counts` counts of a rate, `groups` points that
belong to labels, `dropout` numbers lost to 0, `spins` an Ising lattice, `sequences` strings of letters, and `pairs` the
suite of them all.
"""
