"""MMG: mutual information as half the gap between unconditional and conditional denoising errors.

    I(X; Y) = 1/2 integral over log-SNR of E|eps - eps_hat(z)|^2 - E|eps - eps_hat(z, y)|^2

(MMG, arXiv 2509.20609; the identity goes back to Guo, Shamai and Verdu 2005 and, in this form, to Kong et al.,
arXiv 2302.03792.) The four variants differ in two switches: the integrand, direct as above or orthogonal
(`1/2 E|eps_hat(z) - eps_hat(z, y)|^2`, which is the same for exact denoisers), and the proposal over log-SNR, fixed
or adaptive.
"""

from __future__ import annotations

from dataclasses import replace
from typing import ClassVar

from mmg_plugins.mmg.estimator import GapEstimator
from mmg_plugins.mmg.options import MMGOptions
from mmg_plugins.mmg.parts import mixing, proposals
from mmg_plugins.mmg.recipe import Recipe, default_recipe, published_recipe


class MMG(GapEstimator):
    """MMG with the direct integrand and the published fixed proposal.

    Args:
        run: seed, threads, device, limits; see `mmg_registry.contracts.Run`.
        denoiser: a `torch.nn.Module` to use in place of the built-in network, called as
            `module(z, logsnr, y)` and `module(z, logsnr, None)`; see `mmg_registry.diffusion.ModuleDenoiser`.
        **options: fields of `MMGOptions`.

    Raises:
        OptionError: for an unknown or out-of-range option, or a device that this build cannot use.

    Example:
        >>> import numpy as np
        >>> from mmg_registry import Run
        >>> rng = np.random.default_rng(0)
        >>> x = rng.standard_normal((2000, 1))
        >>> y = 0.8 * x + 0.6 * rng.standard_normal((2000, 1))
        >>> mmg = MMGOrthogonalAdaptive(run=Run(seed=0, threads=1), steps=50)
        >>> estimate = mmg.fit(x[:1600], y[:1600]).estimate(x[1600:], y[1600:])
        >>> bool(abs(estimate.mi - 0.511) < 0.1)
        True
    """

    name: ClassVar[str] = "mmg"
    summary: ClassVar[str] = "MMSE gap, direct integrand, fixed proposal"
    reference: ClassVar[str] = "MMG, arXiv 2509.20609"
    Options: ClassVar[type[MMGOptions]] = MMGOptions
    conditional: ClassVar[bool] = True
    orthogonal: ClassVar[bool] = False
    adaptive: ClassVar[bool] = False

    def recipe(self) -> Recipe:
        """Return the published or the default recipe, with the integrand and the proposal of this variant."""
        base = published_recipe if self.options.published else default_recipe
        return replace(
            base(self.options, self.run, self.denoiser),
            proposals=proposals.two_stage() if self.adaptive else proposals.fixed(),
            mix=mixing.orthogonal if self.orthogonal else mixing.direct,
            integrand="orthogonal" if self.orthogonal else "direct",
        )


class MMGAdaptive(MMG):
    """MMG with the direct integrand and the two-stage adaptive proposal."""

    name = "mmg-adaptive"
    summary = "MMSE gap, direct integrand, adaptive proposal"
    adaptive = True


class MMGOrthogonal(MMG):
    """MMG with the orthogonal integrand and the published fixed proposal."""

    name = "mmg-orthogonal"
    summary = "MMSE gap, orthogonal integrand, fixed proposal"
    orthogonal = True


class MMGOrthogonalAdaptive(MMG):
    """MMG with the orthogonal integrand and the two-stage adaptive proposal."""

    name = "mmg-orthogonal-adaptive"
    summary = "MMSE gap, orthogonal integrand, adaptive proposal"
    orthogonal = True
    adaptive = True
