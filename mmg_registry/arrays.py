"""Types of NumPy arrays, under the names that all layers use."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import numpy as np
from numpy.typing import NDArray

F32 = NDArray[np.float32]
F64 = NDArray[np.float64]
Index = NDArray[np.int64]
NamedArrays = Mapping[str, NDArray[Any]]
SavedState = tuple[dict[str, NDArray[Any]], dict[str, Any]]  # named arrays, and JSON data: see `Estimator.state`
