"""`latentmi`: `estimate` at its defaults; it trains on a random half of all rows and estimates on the rest.

Its answer is in bits. Where the budget ends training, the estimate uses the embedding trained so far.
"""

from __future__ import annotations

import math

import frame
import latentmi.lmi as lmi
import numpy as np
import torch


def estimate(rows: frame.PeerRows, budget: frame.Budget, seed: int) -> float:
    torch.set_num_threads(1)
    torch.manual_seed(seed)
    np.random.seed(seed)  # noqa: NPY002  the package draws from the global generator
    train = lmi.train

    def train_within_budget(*given, **named):  # type: ignore[no-untyped-def]
        with budget.ends():
            train(*given, **named)

    lmi.train = train_within_budget
    x, y = rows.together()
    pointwise, _, _ = lmi.estimate(x, y)
    return float(np.nanmean(pointwise)) * math.log(2)


if __name__ == "__main__":
    frame.main({"lmi": estimate}, "latentmi", "torch", "numpy")
