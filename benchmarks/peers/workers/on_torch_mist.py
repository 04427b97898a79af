"""`torch-mist`: `estimate_mi` at its defaults, validation and test rows given."""

from __future__ import annotations

import frame
import torch
from torch_mist.estimators.factories import instantiate_estimator
from torch_mist.utils.estimation import DEFAULT_BATCH_SIZE, estimate_mi
from torch_mist.utils.evaluation import evaluate_mi


def estimate(name: str, rows: frame.PeerRows, budget: frame.Budget, seed: int) -> float:
    torch.set_num_threads(1)
    torch.manual_seed(seed)
    x, y, x_eval, y_eval = (torch.from_numpy(each) for each in rows.standardised())
    estimator = instantiate_estimator(name, x_dim=x.shape[1], y_dim=y.shape[1])
    with budget.ends():
        estimate_mi(data=(x, y), estimator=estimator, test_data=False, verbose=False)
    with torch.no_grad():
        return float(evaluate_mi(estimator, data=(x_eval, y_eval), batch_size=DEFAULT_BATCH_SIZE))


NAMES = ("mine", "infonce", "nwj", "smile", "doe")

if __name__ == "__main__":
    methods = {name: lambda *given, name=name: estimate(name, *given) for name in NAMES}
    frame.main(methods, "torch-mist", "torch", "numpy")
