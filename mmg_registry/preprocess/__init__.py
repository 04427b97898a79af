"""Bijective changes of coordinates, which keep the mutual information and make it easier to learn."""

from mmg_registry.preprocess.maps import MonotoneMap, fit_map
from mmg_registry.preprocess.margins import Margins, fit_margins
from mmg_registry.preprocess.pair import PairTransform
from mmg_registry.preprocess.spirals import Turn, fit_turns

__all__ = ["Margins", "MonotoneMap", "PairTransform", "Turn", "fit_map", "fit_margins", "fit_turns"]
