"""What the doors share: the quick test of plain arrays, and what to say where a package is missing."""

from __future__ import annotations

from importlib import import_module
from typing import Any

from mmg_registry.data import as_pair
from mmg_registry.data.pair import with_given
from mmg_registry.errors import OptionError
from mmg_registry.request import Request
from mmg_registry.significance.answer import quick
from mmg_registry.significance.sequential import Judged


def ask(x: Any, y: Any, z: Any, request: Request, most: int) -> Judged:
    """Make the quick test of x and y `(n, ..)`, given z `(n, dim_z)` unless it is None or has no columns.

    Example:
        >>> import numpy as np
        >>> x, z = np.random.default_rng(0).standard_normal((2, 400, 1))
        >>> ask(x + z, x - z, None, Request(), 999).p.value > 0.05, ask(x + z, x - z, z, Request(), 999).p.value
        (True, 0.001)
    """
    pair = as_pair(x, y)
    return quick(pair if z is None or z.shape[1] == 0 else with_given(pair, z), request, most)


def package(module: str, name: str) -> Any:
    """Return an imported module of another package.

    Raises:
        OptionError: where the package, which users know as `name`, is not installed.
    """
    try:
        return import_module(module)
    except ImportError as error:
        raise OptionError(
            f"The package {name} is not installed; pip install mmg-registry[discovery] installs it."
        ) from error
