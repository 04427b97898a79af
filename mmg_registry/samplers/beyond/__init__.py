"""Known-answer pairs of kinds that the 40 tasks do not hold.

`BEYOND` holds 26 pairs, each under its kind of dependence. `HELD_OUT` holds pairs of other families and with other
parameters, which are kept for judging: no default may be chosen by them.
True values are closed forms, or sums over grids (`mmg_registry.samplers.quadrature`) that are made when asked for.

The modules, by what makes a pair hard: `folded` and `circular` relations of one number, `noise` of other shapes,
`blocks`, `mixtures`, `copulas`, `few_of_many` columns, `images`, `labels`, `counts` (zeros too), `series`, and `null`;
spins are those of `discrete`.
"""

from __future__ import annotations

from dataclasses import replace

from mmg_registry.samplers.beyond import (
    blocks,
    circular,
    copulas,
    counts,
    few_of_many,
    folded,
    images,
    labels,
    mixtures,
    noise,
    null,
    series,
)
from mmg_registry.samplers.contract import Sampler
from mmg_registry.samplers.discrete.spins import ising

BEYOND: dict[str, list[Sampler]] = {
    "folded": [folded.logistic_map(1, noise=0.05), folded.chirp(5, noise=0.1)],
    "circular": [circular.von_mises(5.0), circular.wrapped_uniform(0.1)],
    "blocks": [blocks.checkerboard(4), blocks.diagonal_blocks(20, common=0.5)],
    "mixtures": [
        mixtures.bent_waves(),
        mixtures.clusters(4),
        mixtures.contaminated(5, unrelated=0.2, rho=0.8),
        mixtures.label_in_width(10),
    ],
    "copulas": [copulas.clayton(5.0)],
    "few of many": [
        few_of_many.square_in(50, noise=0.5, rho=0.8),
        few_of_many.sine_in(20, noise=0.5),
        few_of_many.parity(3, flipped=0.1),
        few_of_many.curved_in(10, 90, rho=0.8),
    ],
    "images": [images.boxes(16, mi=2.0)],
    "labels": [labels.quantised_uniform(5), labels.labelled_clusters(10, sd=0.6), labels.two_arms(sd=0.1)],
    "counts and zeros": [counts.tuned_neuron(), counts.counts(0.95, mean=1.0), counts.dropout(0.9, kept=0.7)],
    "spins": [replace(ising(4, 4, coupling=0.5), name="ising-0.5")],
    "series": [series.autoregressive_windows(5, 0.9)],
    "null": [null.zeros(2), null.curves()],
}

HELD_OUT: dict[str, list[Sampler]] = {
    "folded": [folded.continued_fraction(noise=0.1), folded.fork(0.3), folded.ring(0.15)],
    "circular": [circular.von_mises(3.0, angles=2), circular.cat_map(0.15)],
    "noise": [
        noise.laplace_noise(0.4),
        noise.exponential_noise(0.5),
        noise.growing_noise(),
        noise.multiplied(0.6),
    ],
    "blocks": [blocks.diagonal_blocks(6, common=0.7)],
    "copulas": [copulas.gumbel(2.5), copulas.frank(8.0), copulas.joe(3.0), copulas.sometimes_clayton(8.0, related=0.6)],
    "few of many": [few_of_many.polynomial_in(30, noise=0.5), few_of_many.projected(40, pairs=3, rho=0.7)],
    "images": [images.gratings(14, concentration=4.0)],
    "labels": [few_of_many.vote(5, 15, flipped=0.1), labels.ordinal(6.0, (0.3, 0.6, 0.9), (0.2, 0.4, 0.6, 0.8))],
    "counts and zeros": [counts.overdispersed(1.0, size=2.0)],
    "series": [series.autoregressive_windows(6, 1.2, -0.5)],
    "null": [null.circle_and_counts()],
}
