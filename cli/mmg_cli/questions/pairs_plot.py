"""Pictures of all pairs: a heat map whose columns are clustered, and a graph of the pairs that were found."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np

from mmg_registry.pictures import BLUE, GREY

if TYPE_CHECKING:
    from mmg_registry.arrays import F64
    from mmg_registry.tables import AnswerTable

MOST_NAMED, MOST_NODES = 60, 80  # columns whose names can be read in a picture
MOST_LINES = 100  # pairs, the first ones: more lines hide one another
ROUNDS, GRAVITY = 300, 0.05  # of the spring layout: steps, and the pull to the middle that keeps parts together


def draw_matrix(names: list[str], scores: F64) -> Any:
    """Draw the score of each pair `(d, d)`, columns ordered by average linkage of 1 - score."""
    from matplotlib.figure import Figure

    order = clustered(scores)
    size = 3.0 + 0.12 * min(len(names), MOST_NAMED)
    figure = Figure(figsize=(size + 1.0, size), layout="constrained")
    axes = figure.subplots()
    image = axes.imshow(scores[np.ix_(order, order)], cmap="Blues", vmin=0.0, vmax=1.0, interpolation="nearest")
    if len(names) <= MOST_NAMED:
        axes.set_xticks(range(len(names)), [names[k] for k in order], rotation=90, fontsize=7)
        axes.set_yticks(range(len(names)), [names[k] for k in order], fontsize=7)
    figure.colorbar(image, ax=axes, label="contingency coefficient of the screen")
    return figure


def clustered(scores: F64) -> list[int]:
    """Return an order of columns in which those that depend on each other stand together.

    Example:
        >>> near = np.eye(4) + np.array([[0, 0, 0.9, 0], [0, 0, 0, 0.8], [0.9, 0, 0, 0], [0, 0.8, 0, 0]])
        >>> order = clustered(near)
        >>> abs(order.index(0) - order.index(2)), abs(order.index(1) - order.index(3))
        (1, 1)
    """
    from scipy.cluster.hierarchy import leaves_list, linkage
    from scipy.spatial.distance import squareform

    if len(scores) < 3:
        return list(range(len(scores)))
    apart = np.clip(1.0 - scores, 0.0, 1.0)
    np.fill_diagonal(apart, 0.0)
    return [int(k) for k in leaves_list(linkage(squareform(apart, checks=False), "average", optimal_ordering=True))]


def draw_graph(found: AnswerTable, alpha: float) -> Any:
    """Draw the pairs with q up to `alpha` as lines whose width grows with what they share, for the first columns."""
    from matplotlib.figure import Figure

    edges = _edges(found, alpha)
    names = list(dict.fromkeys(name for x, y, _ in edges for name in (x, y)))
    weights = np.zeros((len(names), len(names)))
    for x, y, weight in edges:
        weights[names.index(x), names.index(y)] = weights[names.index(y), names.index(x)] = weight
    places = spring(weights)
    figure = Figure(figsize=(7.2, 7.2), layout="constrained")
    axes = figure.subplots()
    for i, j in np.argwhere(np.triu(weights) > 0):
        axes.plot(*places[[i, j]].T, color=BLUE, alpha=0.6, linewidth=0.5 + 3.5 * weights[i, j], zorder=1)
    axes.scatter(places[:, 0], places[:, 1], s=18, color=GREY, zorder=2)
    for name, place in zip(names, places, strict=True):
        axes.annotate(name, place, textcoords="offset points", xytext=(4, 3), fontsize=7, zorder=3)
    axes.set_axis_off()
    found_some = f"the first {len(edges)} pairs with q up to {alpha:g}; wider lines: larger score"
    axes.set_title(found_some if edges else f"no pair has q up to {alpha:g}", fontsize=9)
    return figure


def _edges(found: AnswerTable, alpha: float) -> list[tuple[str, str, float]]:
    """Return the pairs that were found, of at most so many columns as can be read, the first ones of the table."""
    seen: set[str] = set()
    edges: list[tuple[str, str, float]] = []
    for row in found.rows:
        x, y = str(row["x"]), str(row["y"])
        sure = row["q"] is not None and float(row["q"]) <= alpha
        if sure and len(edges) < MOST_LINES and len(seen | {x, y}) <= MOST_NODES:
            seen |= {x, y}
            edges.append((x, y, max(0.05, float(row["score"] or 0.0))))
    return edges


def spring(weights: F64) -> F64:
    """Return places `(d, 2)` of nodes by attracting and repelling forces (Fruchterman and Reingold, Software 1991).

    Args:
        weights: `(d, d)` symmetric, of the lines between nodes.
    """
    d = len(weights)
    if d == 0:
        return np.zeros((0, 2))
    places = np.random.default_rng(0).standard_normal((d, 2))
    natural = 1.0 / np.sqrt(d)
    for step in range(ROUNDS):
        apart = places[:, None] - places[None]
        distance = np.sqrt((apart**2).sum(axis=2)) + 1e-9
        force = natural**2 / distance**2 - weights * distance / natural
        moved = (apart * force[..., None]).sum(axis=1) - GRAVITY * places
        size = np.sqrt((moved**2).sum(axis=1, keepdims=True)) + 1e-9
        places = places + moved / size * np.minimum(size, 0.1 * (1 - step / ROUNDS))
    return places
