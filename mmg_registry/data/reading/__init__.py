"""Reading: any table or array on disk, in a pipe or behind a pattern becomes paired samples.

    sources   what a person gives: files, patterns, folders, standard input     -> a Source of bytes
    formats   which reader takes which suffix (and `compressed`, before them)   -> a Table of names
    select    which columns are x and which are y; `where`: which rows
    pairs     both sides as numbers, in one Pair; `stored`, `sampling`: of rows that are more than memory holds
    tiles     columns a few at a time, in place of a Pair

One module for each family of formats: `text` (with `encoding`, `dialect`, `header`, `words`, and `arrow` or `own` to
load), `in_memory`, `numpy_files`, `columnar`, `excel`, `json_files`, `matlab`, `hdf`, `zarr_store`, `tensors`.
"""

from mmg_registry.data.reading.formats import SUFFIXES
from mmg_registry.data.reading.in_memory import is_frame
from mmg_registry.data.reading.options import TextOptions
from mmg_registry.data.reading.pairs import Beside, HowDrawn, arrays, read
from mmg_registry.data.reading.select import Spec
from mmg_registry.data.reading.table import Table
from mmg_registry.data.reading.tiles import Tile, tiles

__all__ = [
    "SUFFIXES",
    "Beside",
    "HowDrawn",
    "Spec",
    "Table",
    "TextOptions",
    "Tile",
    "arrays",
    "is_frame",
    "read",
    "tiles",
]
