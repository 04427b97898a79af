"""One estimate by an installed distribution: the compiled core trains, and the answer lies near the known one.

python tools/first_estimate.py
"""

from __future__ import annotations

import numpy as np

import mmg_registry

TRUE_MI = -0.5 * np.log(1 - 0.8**2)  # nats; of a Gaussian pair with the correlation 0.8
TOLERANCE = 0.15  # nats; twice the error that a thousand rows leave


def main() -> None:
    rng = np.random.default_rng(0)
    x = rng.standard_normal((1000, 1))
    y = 0.8 * x + 0.6 * rng.standard_normal((1000, 1))
    found = mmg_registry.estimate(x, y, plugin="mmg", seed=0, threads=1).mi
    print(f"{found:.3f} nats, the known value is {TRUE_MI:.3f}")
    if abs(found - TRUE_MI) > TOLERANCE:
        raise SystemExit("The estimate is further from the known value than it may be.")


if __name__ == "__main__":
    main()
