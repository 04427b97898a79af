"""The gain that more training would still bring, extrapolated from that of the last steps."""

from __future__ import annotations

import math

ERROR_POWER = 0.75  # the remaining gain falls like `steps ** -0.75`, as measured on these networks


def left_to_gain(gain: float, error: float, growth: float) -> float:
    """Return the remaining gain in the units of `gain`, assuming that it falls like `steps ** -ERROR_POWER`.

    Args:
        gain, error: the gain while the number of steps grew by the factor `growth`, and its standard error. A gain
            below its standard error counts as none. From a larger one the error is subtracted in squares, since noise
            adds that much on average.
        growth: ratio of the steps after to the steps before, above 1.

    Example:
        >>> gain = 0.1 - 0.1 * 2**-0.75  # 0.1 * 2**-0.75 is left
        >>> round(left_to_gain(gain, 0.0, 2.0), 4), left_to_gain(0.01, 0.02, 2.0)
        (0.0595, 0.0)
    """
    if not error < gain < math.inf:
        return 0.0
    return math.sqrt(gain**2 - error**2) / float(growth**ERROR_POWER - 1)
