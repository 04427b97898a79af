"""Data: reading files, taking arrays, refusing what no estimate can be made from, splitting rows."""

from mmg_registry.data.checks import Cleaned, clean
from mmg_registry.data.pair import Pair, as_pair
from mmg_registry.data.reading import TextOptions, read
from mmg_registry.data.split import folds, hold_out
from mmg_registry.data.units import Units, units_of

__all__ = [
    "Cleaned",
    "Pair",
    "TextOptions",
    "Units",
    "as_pair",
    "clean",
    "folds",
    "hold_out",
    "read",
    "units_of",
]
