"""Which of very many pairs of columns depend on each other: products of matrices of rank features, tile by tile.

features   orthonormal features of one column
groups     columns with features alike, packed for products
evidence   how unlikely a table of squared moments is by chance, by its chi-square law
null       what that evidence is where nothing is there: permuted rows, pooled over pairs
rates      false discovery rates over all pairs
run        all pairs, or all columns with one target
"""

from mmg_registry.screen.groups import FEWEST_ROWS, Tiles
from mmg_registry.screen.rates import ordered_rates, price_of_dependence
from mmg_registry.screen.run import ScreenedPairs, against, contingency, screen, surprise_of_pairs

__all__ = [
    "FEWEST_ROWS",
    "ScreenedPairs",
    "Tiles",
    "against",
    "contingency",
    "ordered_rates",
    "price_of_dependence",
    "screen",
    "surprise_of_pairs",
]
