"""The shared machinery of all diffusion estimators: denoisers, their training, and estimates from their gap."""

from mmg_registry.diffusion.adjustment import Adjusted, KnownMeans, adjust, features
from mmg_registry.diffusion.curve import GapEstimate, joined, summarise
from mmg_registry.diffusion.denoisers import Denoiser, FusedDenoiser, ModuleDenoiser, Objective, TrainedDenoiser
from mmg_registry.diffusion.learner import DenoiserLearner, Refine
from mmg_registry.diffusion.mixture import MixtureDenoisers, NormalMixture, fit_mixture
from mmg_registry.diffusion.norms import norm_information
from mmg_registry.diffusion.proposals import adaptive_logistic, default_logistic, envelope, gaussian_tail
from mmg_registry.diffusion.row_ratios import RowDraws, averaged, beyond_linear, direct, integrated_rows, linear_ratio
from mmg_registry.diffusion.sampling import ReverseFlow
from mmg_registry.diffusion.stacking import Stacked, as_saved, stacked
from mmg_registry.diffusion.training import Schedule, TrainingSetup, train

__all__ = [
    "Adjusted",
    "Denoiser",
    "DenoiserLearner",
    "FusedDenoiser",
    "GapEstimate",
    "KnownMeans",
    "MixtureDenoisers",
    "ModuleDenoiser",
    "NormalMixture",
    "Objective",
    "Refine",
    "ReverseFlow",
    "RowDraws",
    "Schedule",
    "Stacked",
    "TrainedDenoiser",
    "TrainingSetup",
    "adaptive_logistic",
    "adjust",
    "as_saved",
    "averaged",
    "beyond_linear",
    "default_logistic",
    "direct",
    "envelope",
    "features",
    "fit_mixture",
    "gaussian_tail",
    "integrated_rows",
    "joined",
    "linear_ratio",
    "norm_information",
    "stacked",
    "summarise",
    "train",
]
