"""What more training would still gain, by what the last steps gained."""

from __future__ import annotations

import math

ERROR_POWER = 0.75  # what is left to gain falls like one over the steps to this power, measured on these networks


def left_to_gain(gain: float, error: float, growth: float) -> float:
    """Return what is left to gain where that falls like `steps ** -ERROR_POWER`, in the units of `gain`.

    Args:
        gain, error: what was gained while the steps grew by the factor `growth`, and the standard error of that. A gain
            within its error is none, and the square of the error, which noise adds on average, is taken off.
        growth: above 1.

    Example:
        >>> gain = 0.1 - 0.1 * 2**-0.75  # 0.1 * 2**-0.75 is left
        >>> round(left_to_gain(gain, 0.0, 2.0), 4), left_to_gain(0.01, 0.02, 2.0)
        (0.0595, 0.0)
    """
    if not error < gain < math.inf:
        return 0.0
    return math.sqrt(gain**2 - error**2) / float(growth**ERROR_POWER - 1)
