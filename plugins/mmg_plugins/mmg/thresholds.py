"""Thresholds of the MMG estimators, each with its unit, the evidence for its value, and what lower and higher ones do.

The trials are those of `docs/decisions/`; their headings are quoted. "Chosen" says that a value rests on no trial, and
what it was chosen for.
"""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True)
class Noticeable:
    """The rule for what is worth a warning: parts above a floor and above a share of the information.

    Attributes:
        floor: parts up to this many nats are too small.
        share: parts up to this share of the information's absolute value are too small.

    Example:
        >>> small = Noticeable(floor=0.01, share=0.02)
        >>> small(0.05, mi=1.0), small(0.05, mi=4.0), small(0.005, mi=0.0)
        (True, False, False)
    """

    floor: float
    share: float

    def __call__(self, part: float, mi: float) -> bool:
        """Return whether a part (nats) of an information `mi` (nats) is worth a warning."""
        return part > max(self.floor, self.share * abs(mi))


# --- What is worth a warning --------------------------------------------------------------------------------
NOTICEABLE_PART = Noticeable(floor=0.01, share=0.02)
"""Parts worth a warning: a cross term, a gap at the window's end, a rise to what another estimator finds; in nats.

Evidence: chosen for the noise of the 40 tasks with 110,000 rows, whose median error is 0.004 and largest 0.022 nats.
Lower: warnings on tasks that are solved. Higher: a bias of several standard errors goes without a warning.
"""

NOTICEABLE_TAIL = Noticeable(floor=0.02, share=0.05)
"""Tails worth a warning: the linear denoisers' integral outside the window; in nats.

Evidence: chosen. The tail is exact for Gaussian pairs, so it is wrong only as far as the noise is not Gaussian.
Lower: warnings on every strong Gaussian pair, where nothing is wrong. Higher: non-Gaussian noise at high SNR is missed.
"""

NOTICEABLE_REST = Noticeable(floor=0.05, share=0.05)
"""Gains of more training worth a warning, extrapolated from the decay; in nats.

Evidence: chosen. The extrapolation (a power of the steps) is good to a factor of two or so.
Lower: nearly every training that ends at a plateau is called unfinished. Higher: the advice to train longer is lost.
"""

BEYOND_A_DENSITY_EDGE = 2.0
"""Nats past the window's end for each nat per unit of log-SNR there, in a warning.

Evidence: the gap of a density with edges falls like exp(-logsnr / 2), whose integral is twice its height.
Lower: what lies past the end goes without a warning. Higher: warnings on smooth densities, whose gap falls faster.
"""

SURE_ERRORS = 3.0
"""Standard errors from which a cross term, or a gap at the window's end, counts as more than noise in a warning.

Evidence: chosen; three leave one false warning in several hundred normal values.
Lower: false warnings. Higher: small biases of large samples go without a warning.
"""

# --- How much is evaluated -----------------------------------------------------------------------------------
EVALUATION_DRAWS = 400_000
"""Network rows of an evaluation that the automatic number of repeats aims at.

Evidence: chosen for time, a second or two of one thread at the default width (253,000 network rows are trained on in a
CPU second, docs/speed.md).
Lower: Monte-Carlo noise adds to the standard error of the rows. Higher: time, while the error of the rows stays.
"""

LEAST_REPEATS = 2
"""Least automatic number of log-SNR and noise draws of one evaluation row; the most is that of held-out rows.

Evidence: chosen. With one draw, strata do not help a single row.
Lower: noisy values of single rows. Higher: time, where rows are many.
"""

TRAINING_SHARE = 0.7
"""Share of a time limit that coordinates and training may take; the others are those of two measurements.

Evidence: chosen. On 5,000 rows of 100 + 100 columns measuring took two thirds of the time of a limit of 8 seconds.
Lower: short limits end trainings that would have had time. Higher: the limit is overrun where rows are wide.
"""

MEASURING_SHARE = 0.12
"""Share of a time limit that a measurement may take, of training rows and of evaluation rows each.

Evidence: chosen, with `TRAINING_SHARE`; what is left is for the checks of the data and the steps.
Lower: fewer draws of noise, and a larger error. Higher: the limit is overrun.
"""

PROBED_ROWS = 256
"""Rows that tell how long a draw takes, where the time of a measurement is limited.

Evidence: chosen; a 256th of what `EVALUATION_DRAWS` asks for with one thread takes milliseconds.
Lower: the clock tells nothing of small networks. Higher: the probe costs as much as what it saves.
"""

# --- What is split off and what is searched -------------------------------------------------------------------
MANY_COLUMNS = 8
"""Columns of the noised variable up to which the chain rule does not split it.

Evidence: the 25x25 spiral gains (0.926 to 0.994 of 1.022 nats, in a fifth of the time), 3x3 gains nothing ("A term of
the chain rule in place of the whole"); nothing between was tried.
Lower: two trainings where one does as well. Higher: the network has to learn that most columns carry no information.
"""

LEAST_RHO = 0.05
"""Canonical correlation from which a pair of columns counts as linearly dependent, unless noise reaches higher.

Evidence: chosen; a correlation of 0.05 is 0.001 nats.
Lower: columns of next to no dependence join the first term. Higher: linear dependence is left to the second.
"""

NOISE_ERRORS = 3.0
"""Multiples of sqrt((dim_x + dim_y) / n) beyond which no sample correlation of independent rows lies.

Evidence: with many columns the largest is near sqrt(dim_x / n) + sqrt(dim_y / n), at most sqrt(2) such units (Wachter,
"The limiting empirical measure of multiple discriminant ratios", Annals of Statistics 1980); three leave room.
Lower: noise is split off. Higher: weak linear dependence is left to the second term.
"""

MANY_ROWS = 50_000
"""Training rows from which over-fitting comes late: held-out rows are evaluated less often.

Evidence: with 100,000 rows training rows and others agree after 8,000 steps ("Over-fitting or under-fitting?"), with
10,000 they do not ("What was learned by heart"); nothing between was tried.
Lower: the best weights of small data lie between two evaluations. Higher: evaluations take time from training.
"""

EVALUATE_EVERY_FEW_ROWS, EVALUATE_EVERY_MANY_ROWS = 100, 500
"""Steps between two evaluations of held-out rows, below and from `MANY_ROWS`.

Evidence: chosen; an evaluation costs as much as tens of steps.
Lower: time. Higher: the earliest weights that no later ones beat are found too late, and over-fit.
"""

EVALUATE_EVERY_IN_TORCH = 500
"""Least steps between two evaluations of held-out rows where these run in torch (`minde-j`).

Evidence: such an evaluation costs as much as hundreds of steps.
Lower: most of the time goes to evaluations. Higher: as for `EVALUATE_EVERY_FEW_ROWS`.
"""

# --- Where a mixture is fitted beside the network ----------------------------------------------------------------
MIXTURE_ROWS = 20_000
"""Training rows from which no mixture of normal densities is fitted beside the network.

Evidence: with 7,200 rows a mixture takes 67 to 95 % of the weight of clusters, common signs and waves ("A mixture of
more rows"); nothing larger was tried.
Lower: clusters are memorised, and their bars are wide. Higher: time, where the network has rows enough.
"""

MIXTURE_COLUMNS = 20
"""Columns of x and y together up to which a mixture is fitted.

Evidence: chosen for time, seconds for 2,000 rows; a covariance of 20 columns has 210 numbers.
Lower: clusters in 10 columns a side are memorised. Higher: time, for mixtures of one component.
"""

MIXTURE_WORK = 1_600_000
"""Rows times the square of the columns, which the time of a round goes by, up to which a mixture is fitted.

Evidence: a surface of 10 and of 20 columns, 7,200 rows (0.7 and 2.9 million), takes 9 and 24 CPU seconds; columns whose
dependence is linear take one or none.
Lower: clusters are memorised in fewer columns. Higher: the mixture takes as long as the network.
"""

# --- How long is trained ---------------------------------------------------------------------------------------
AUTO_STEPS, DEFAULT_STEPS = 24_000, 10_000
"""Most training steps of `auto`, and of the MMG variants.

Evidence: spiral 3x3 is 0.058 nats short after 8,000 steps and 0.036 after 16,000 ("How the denoiser is trained").
Lower: spirals and heavy tails stay unfinished. Higher: time, where a plateau does not end the training before.
"""

AUTO_TOLERANCE = 0.0015
"""Gain (nats) of a third of the training below which `auto` takes it for a plateau; the variants' is 0.005.

Evidence: chosen, a third of the median error of the 40 tasks with 110,000 rows.
Lower: training goes on for gains that nobody sees. Higher: slow learning passes for a plateau.
"""

LEAST_PLATEAU_STEPS = 1_000
"""Steps before which no plateau ends the training.

Evidence: chosen; learning of a nonlinear dependence may begin late.
Lower: a dependence that is learned late is missed. Higher: time, where nothing can be learned.
"""

WARMUP_STEPS = 200
"""Steps over which the learning rate rises to its peak; a tenth of the training at most.

Evidence: chosen.
Lower: the first steps, with moments still unknown, throw weights far off. Higher: time.
"""

# --- What other estimators are asked, and how far they are believed ------------------------------------------------
CHALLENGE_ERRORS = 1.5
"""Standard errors that the excess of another estimator must have before any of it is believed (`surely_above`).

Evidence: chosen; what is believed at twice as many is three quarters.
Lower: noise of the best of several raises estimates of independent pairs. Higher: what the network missed stays missed.
"""

CHALLENGE_SHARE = 0.25
"""Share of the training rows that an estimator which is asked does not fit, and is asked about.

Evidence: chosen. Lower: its own error hides what the network missed. Higher: it learns less.
"""

CHALLENGE_ROWS = 8_000
"""Most rows that an estimator which was fitted to others is asked about.

Evidence: chosen for time; scores of all pairs in blocks of 512 take a second there.
Lower: its own error hides what the network missed. Higher: time, and it is fitted to less.
"""

COPULA_ROWS = 100
"""Fewest training rows that a copula is fitted to.

Evidence: chosen. Lower: half of them do not tell its correlations. Higher: few rows are left to the network alone.
"""

COPULA_COLUMNS = 20
"""Most columns of both sides of which a copula is fitted.

Evidence: chosen; of more, the correlations that half of some hundred rows tell cost more than the tails add.
Lower: heavy tails of several columns are left to the network. Higher: time, and a bound that says nothing.
"""

CRITIC_ROWS = 400
"""Fewest training rows that a critic is fitted to.

Evidence: chosen; with fewer its bound is near 0 and its error some 0.1 nats. Lower: time for nothing. Higher: no second
opinion on few rows in many columns.
"""

NEIGHBOUR_COLUMNS = 20
"""Columns of x and y together up to which nearest neighbours are used.

Evidence: chosen; on the 25x25 tasks they find next to nothing, and time grows with the columns.
Lower: no second opinion where one is due. Higher: time for an answer of zero.
"""

NEIGHBOUR_ROWS = 16_000
"""Training rows that nearest neighbours are searched in.

Evidence: chosen for time, some seconds at most.
Lower: their own error hides what the network missed. Higher: time, growing faster than the rows.
"""

REACH_ERRORS = 2.0
"""Standard errors from an estimate that is surely low to the most that nearest neighbours allow.

Evidence: chosen, so that the 95 % interval ends there. A mixture of twelve clusters along a wave kept early weights:
1.103 +- 0.050 of 1.307 nats, and neighbours found 1.077 and were still rising by some 0.54.
Lower: wide intervals where neighbours rise for want of rows alone. Higher: intervals end below the truth.
"""

PEER_SHARE = 0.9
"""Share of an estimate that nearest neighbours must find for their rise with the rows to count for it too.

Evidence: chosen. Clusters of four columns a side and correlated pairs among ten columns, of which they find 0.84 and
0.82 (8,000 rows), rise by 0.43 and 0.48 nats for want of rows, where the network is 0.02 off.
Lower: wide intervals in many columns. Higher: intervals end below the truth where both are low.
"""

SCREENED_COLUMNS = 6
"""Columns of x and y together from which few of many are looked for.

Evidence: chosen. Lower: a second training where the first has little to ignore. Higher: few of some go unseen.
"""

FEW_OF_MANY = 0.5
"""Largest share of all columns that counts as few, and that the estimator is asked about alone.

Evidence: chosen. Lower: fewer second trainings. Higher: second trainings that ignore next to nothing.
"""

# --- How far a correction is believed --------------------------------------------------------------------------
NEGATIVE_CROSS_SHARE = 0.5
"""Share of a significantly negative cross term that is counted: the value midway between both integrands.

Evidence: over-fitted 25x25 spirals, direct 0.967 to 0.989, orthogonal 1.043 to 1.083, midway 1.014 to 1.029 of 1.022.
Lower: nearer to the orthogonal value, too high. Higher: nearer to the direct one, too low.
"""

FLOOR_ERROR_SHARE = 0.5
"""Share of the rise to the floor of norms that is a part of the error, for the truth may lie higher.

Evidence: 98 of 120 intervals held the truth with 1,000 rows before the floor, 111 with it ("What norms share").
Lower: intervals end below the truth. Higher: intervals wider than they need be.
"""

# --- How far counts are believed -------------------------------------------------------------------------------
ROWS_A_CELL = 5
"""Rows for each cell of the table of two labels from which their information is counted rather than learned.

Evidence: Cochran's rule for tables (Biometrics 1954). Of random tables of 4 to 30 labels a side the corrected value is
off by 0.005 to 0.045 nats with 5 rows a cell, by 0.02 to 0.10 with 3 and by 0.12 to 0.29 with 1.
Lower: values that are too high by more than their error. Higher: networks learn what a count knows.
"""

CORRECTION_ERROR_SHARE = 0.5
"""Share of the counts' correction for few rows that is a part of the error.

Evidence: on the same tables with 5 to 10 rows a cell, 0.02 to 0.36 of the correction was still missing, and it varies;
with a third of it 33 of 40 intervals held the information of random tables of 10 by 10.
Lower: intervals of large tables end above the truth. Higher: they are wider than they need be.
"""

# --- What is compressed ----------------------------------------------------------------------------------------
WIDE_COLUMNS = 64
"""Columns of a side from which a compression of it is tried.

Evidence: chosen. The smallest images have as many pixels (8 x 8), and up to 50 columns the denoiser learns without.
Lower: time for a trial that does not pay. Higher: small images are noised pixel by pixel.
"""

FEWEST_TO_COMPRESS = 500
"""Training rows from which a compression is tried.

Evidence: chosen; with fewer, some hundred rows that trained nothing cannot tell what it gains.
Lower: time for a trial that decides nothing. Higher: small sets of images are noised pixel by pixel.
"""

COMPONENTS = 64
"""Principal components of a side, at most, that its encoder sees.

Evidence: of images of boxes of 16 x 16 pixels they keep 98 % of the variance ("What becomes of images and embeddings").
Lower: edges are lost. Higher: time, and more to learn by heart.
"""

VARIANCE_KEPT = 0.8
"""Share of the variance of a wide side that its components must keep for a compression to be tried.

Columns without structure have dependence in directions that no component holds, and the judge would not see it.
Evidence: chosen. Images of boxes keep 0.98, 100 independent columns some 0.7.
Lower: linear dependence of many directions is lost. Higher: images with noise are noised pixel by pixel.
"""

CODE_COLUMNS, CODE_UNITS = 8, 128
"""Columns of the codes that a wide side is compressed to at most, and units of its encoder's two hidden layers.

Evidence: boxes of 16 x 16 pixels, four numbers behind each image: contrasts on other rows of 1.58 with eight columns
and 0.77 with four. 64 units give 1.48, 192 give 1.53.
Lower: information is lost. Higher: rows are learned by heart.
"""

AXIS_SHARE = 0.05
"""Share of the contrast on other rows up to which the last axes of the codes are left out.

Two numbers behind a side make a surface in eight columns, and the denoiser would learn that in the place of what the
sides share: random networks of two columns, 768 + 768 columns, 1.02 nats, gave 1.04 +- 13 with all eight. An axis that
is a function of others is missed by scores that were learned with it, though it held no information of its own.
Evidence: chosen, half of what an estimate may be off. Lower: surfaces. Higher: information is lost.
"""

REBUILD_WEIGHT = 3.0
"""Weight of the share of variance that decoders fail to rebuild, in the encoders' loss of contrasts (nats).

Evidence: boxes of 16 x 16 pixels, two nats, 5,000 rows: contrasts on other rows of 1.25 with 0, 1.58 with 3, 1.48
with 20.
Lower: encoders learn rows by heart. Higher: they spend their columns on what the other side does not share.
"""

LACK_SPREAD = 12**-0.5
"""Standard error of what codes lack for want of rows, as a share of what they know by heart.

They lack something between none and all of that, half of it to first order; values spread evenly over such a range
deviate by this much. Evidence: of rings and of boxes of 14 x 14 pixels codes lacked .37 and .56 of it.
Lower: intervals end below the truth. Higher: they are wider than they need be.
"""

CHANNELS = 4
"""Sizes of an axis up to which it is that of an image's channels: red, green, blue and opacity.

Evidence: chosen. Lower: coloured images are none. Higher: short axes of another nature are taken for colours.
"""

LEAST_PICTURE_SIDE, MOST_PICTURE_SIDE = 8, 32
"""Pixels of a side of an image from which a convolution is tried, and up to which it sees each of them.

Evidence: chosen. Two convolutions of stride two leave 2 x 2 places of 8 x 8 pixels. Means over blocks stand for the
pixels of larger images, for time grows with these.
Lower: convolutions of next to no places; less detail. Higher: small images have perceptrons alone; time.
"""

RIDGE_ERRORS, RIDGE_ROWS, RIDGE_COLUMNS = 4.0, 1_000, 1_000
"""Errors by which pixels a width apart are more alike than their neighbours for plain columns to be taken for an image.

Rows and columns, at most, that are looked at. Evidence: chosen; a wrong width costs the time of a trial that the
perceptron wins. Lower: such trials. Higher: images that came as plain columns have perceptrons alone.
"""

PICTURE_CHANNELS, PICTURE_UNITS = (8, 16), 128
"""Channels of the convolutions of an encoder of images, and units of the layer above.

Evidence: boxes of 14 x 14 pixels, 1.6 nats: contrasts on other rows of 1.23 with (8, 16) and 1.25 with (16, 32) at a
third more time; rings 1.75 and 1.73, gratings 1.14 and 1.15. Lower: shapes are lost. Higher: time.
"""

PICTURE_STEPS = 500
"""Most training steps of encoders with a convolution.

Evidence: boxes of 14 x 14 pixels, 1.6 nats: contrasts on other rows of 1.23, 1.23 and 1.24 after 300, 600 and 1,000, of
rows of their own of 1.34, 1.77 and 1.77. Lower: codes lose information. Higher: time, and rows learned by heart.
"""

FOLD_SHARE = 0.02
"""Share of the contrast on other rows that unfolding the axes of codes to fewer columns may lose.

Evidence: rings with three numbers behind each image, six axes: three columns lose a five hundredth, two lose a half;
`auto` gives 2.02 +- 0.17 of 2 nats from the three and 2.50 +- 1.19 from the six.
Lower: surfaces, which denoisers learn in the place of what the sides share. Higher: information is lost.
"""

FOLD_UNITS, FOLD_STEPS, FOLD_RATE = 128, 1_000, 5e-3
"""Units of the two hidden layers that unfold axes, training steps, and learning rate before it decays.

Evidence: blobs of 20 x 12 pixels, 2.5 nats, two of five axes: with 64 units 13 % of the contrast is lost after 600
steps and 10 % after 1,000, with 128 units 0.2 % after 1,500. A trial takes some four CPU seconds.
Lower: columns lose information. Higher: time.
"""

CODE_SHARE = 0.6
"""Share of the training rows that encoders learn from; the others judge them, and are all that the denoisers see.

Codes of rows that trained an encoder depend more on one another than those of other rows, and a denoiser would learn
that.
Evidence: boxes: the linear dependence of codes is 2.20 nats on the encoders' rows and 1.94 on others.
Lower: poor codes. Higher: few rows for the denoiser.
"""

CODE_STEPS, CODE_LEAST_STEPS, CODE_EVALUATE_EVERY = 1_000, 400, 100
"""Most training steps of encoders, steps before which no plateau ends them, and steps between evaluations.

Evidence: boxes gain 0.01 nats between steps 500 and 1,000. Lower: codes lose information. Higher: time.
"""

CODE_RATE = 2e-3
"""Learning rate of encoders, before it decays. Evidence: chosen, that of critics. Lower, higher: slow or noisy."""

CODE_TOLERANCE = 0.01
"""Gain (nats) of a third of the encoders' training below which it ends.

Evidence: chosen, a fifth of what an estimate may be off. Lower: time. Higher: codes lose information.
"""

MOST_JUDGING_ROWS = 4_000
"""Rows that judge encoders. Evidence: chosen for time. Lower: a less certain choice. Higher: time."""

LEAST_COMPRESSION_GAIN, COMPRESSION_ERRORS = 0.02, 2.0
"""Gain in nats over linear dependence, and in its standard errors, from which a compression is used.

Evidence: chosen; two standard errors leave one false choice in some forty, which costs rows and no honesty.
Lower: sides that are linearly dependent lose what their codes do not hold. Higher: images are noised by pixels.
"""
