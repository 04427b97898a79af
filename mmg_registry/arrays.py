"""Types of NumPy arrays that all layers name alike."""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray

F32 = NDArray[np.float32]
F64 = NDArray[np.float64]
Index = NDArray[np.int64]
SavedState = tuple[dict[str, NDArray[Any]], dict[str, Any]]  # named arrays, and what JSON holds: see `Estimator.state`
