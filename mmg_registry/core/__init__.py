"""The compiled core behind `torch.library` ops, and the pure-torch reference of each op.

Layers above call `train_denoiser`, `denoiser_grad` and `mmse_gap` of this package; each takes the
compiled path on the CPU and the reference elsewhere. `build_info` never raises: without the compiled
module it says why.
"""

from mmg_registry.core.build import build_info, compiled
from mmg_registry.core.network import Network
from mmg_registry.core.ops import denoiser_grad, mmse_gap, train_denoiser
from mmg_registry.core.plan import TrainPlan
from mmg_registry.core.proposal import BIN_SUMS, ROW_VALUES, Proposal

__all__ = [
    "BIN_SUMS",
    "ROW_VALUES",
    "Network",
    "Proposal",
    "TrainPlan",
    "build_info",
    "compiled",
    "denoiser_grad",
    "mmse_gap",
    "train_denoiser",
]
