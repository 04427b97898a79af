"""The compiled core's ops, a reference of each in plain torch, and the types of their arguments.

Layers above call `train_denoiser`, `denoiser_grad` and `mmse_gap` with a `Problem`, and the `_many` forms with
`Problems`. Each op runs in the compiled core of the device that holds the rows, and in the reference where there is
none (`why_reference` returns the reason). `build_info` never raises: without a compiled module it tells why.
`torch.ops.mmg` has the same ops with flat arguments.
"""

from mmg_registry.core import library
from mmg_registry.core.build import build_info, compiled, isa
from mmg_registry.core.many import mmse_gap_many, train_many
from mmg_registry.core.network import Network
from mmg_registry.core.ops import denoiser_grad, mmse_gap, train_denoiser, why_reference
from mmg_registry.core.plan import TrainPlan
from mmg_registry.core.problem import Compute, Problem, Problems
from mmg_registry.core.proposal import BIN_SUMS, ROW_VALUES, Proposal
from mmg_registry.core.selfcheck import chosen_device
from mmg_registry.core.selfcheck import verdict as gpu_verdict

__all__ = [
    "BIN_SUMS",
    "ROW_VALUES",
    "Compute",
    "Network",
    "Problem",
    "Problems",
    "Proposal",
    "TrainPlan",
    "build_info",
    "chosen_device",
    "compiled",
    "denoiser_grad",
    "gpu_verdict",
    "isa",
    "library",
    "mmse_gap",
    "mmse_gap_many",
    "train_denoiser",
    "train_many",
    "why_reference",
]
