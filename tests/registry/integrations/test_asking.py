"""What the doors share."""

from __future__ import annotations

import numpy as np
import pytest

from mmg_registry.errors import OptionError
from mmg_registry.integrations.asking import ask, package
from mmg_registry.request import Request


def test_a_missing_package_is_named_with_the_way_to_it() -> None:
    with pytest.raises(OptionError, match=r"no-such is not installed; pip install mmg-registry\[discovery\]"):
        package("no_such_module", "no-such")


def test_no_columns_of_z_are_no_condition() -> None:
    x, y = np.random.default_rng(0).standard_normal((2, 200, 1))
    found = [ask(x, y, z, Request(), 99) for z in (None, np.empty((200, 0)))]
    assert found[0] == found[1]
