"""Models for tests: a good one in plain torch, and ones that break the contract."""

from __future__ import annotations

import math

import torch


class Plain:
    """z of one column, x of two with unit noise; no class of ours, gradients by autograd, float32."""

    def log_prior(self, z):
        return -0.5 * (z.square().sum(-1) + z.shape[-1] * math.log(2 * math.pi))

    def log_likelihood(self, x, z):
        return Plain.log_prior(self, x - 2 * z)

    def sample(self, n, seed):
        draws = torch.Generator().manual_seed(seed)
        z = torch.randn(n, 1, generator=draws)
        return 2 * z + torch.randn(n, 2, generator=draws), z


class Encoded(Plain):
    def log_q(self, z, x):
        return self.log_prior((z - self._mean(x)) / 0.5) - math.log(0.5)

    def sample_q(self, x, n, seed):
        noise = torch.randn(n, len(x), 1, generator=torch.Generator().manual_seed(seed))
        return self._mean(x) + 0.5 * noise

    def _mean(self, x):
        return 2 / 9 * x.sum(-1, keepdim=True)


class GivesNaN(Plain):
    def log_likelihood(self, x, z):
        return super().log_likelihood(x, z) * math.nan


class NaNElsewhere(Plain):
    def log_likelihood(self, x, z):
        return super().log_likelihood(x, z) + torch.where(z[:, 0] > 2.5, math.nan, 0.0)


class WrongShape(Plain):
    def log_likelihood(self, x, z):
        return -0.5 * (x - 2 * z).square()


class NotDifferentiable(Plain):
    def log_likelihood(self, x, z):
        return super().log_likelihood(x, z.detach()).detach()

    def log_prior(self, z):
        return super().log_prior(z.detach())


class OtherSupport(Plain):
    """A likelihood that is zero where the prior draws."""

    def log_likelihood(self, x, z):
        return super().log_likelihood(x, z) + torch.where(z[:, 0] > 0, 0.0, -math.inf)


class ZeroAtSomeStarts(Plain):
    """Its own pairs are possible; other draws of the prior are not."""

    def log_likelihood(self, x, z):
        return super().log_likelihood(x, z) + torch.where((x[:, 0] > 0) == (z[:, 0] > 0), 0.0, -math.inf)

    def sample(self, n, seed):
        x, z = super().sample(n, seed)
        return x.abs() * z.sign(), z


class NeverAccepted(Plain):
    """Less likely at every look, so that no proposal is as likely as what was there before."""

    looks = 0

    def log_prior(self, z):
        self.looks += 1
        return super().log_prior(z) - 1e3 * self.looks


class Raises(Plain):
    def log_likelihood(self, x, z):
        raise ValueError("no decoder was loaded")


class PriorOnly:
    """What a marginal bound needs where pairs are given: neither p(x | z) nor pairs of its own."""

    log_prior = Plain.log_prior

    def sample_prior(self, n, seed):
        return Plain.sample(self, n, seed)[1]


class PriorNaN(Plain):
    def log_prior(self, z):
        return super().log_prior(z) * math.nan


class PriorOfWrongShape(Plain):
    def log_prior(self, z):
        return super().log_prior(z)[:, None]


class PriorElsewhere(Plain):
    """A density that is zero where its own pairs are."""

    def log_prior(self, z):
        return super().log_prior(z) + torch.where(z[:, 0] > 0, 0.0, -math.inf)


class PriorFails(PriorOnly):
    def sample_prior(self, n, seed):
        raise ValueError("no prior was loaded")


class NoSample:
    log_prior = log_likelihood = Plain.log_prior
