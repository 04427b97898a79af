"""`mmg.pairs`: which columns of a table depend on each other, and how much?"""

from __future__ import annotations

import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass, fields, replace
from functools import cached_property
from typing import TYPE_CHECKING, Any

from mmg_registry import registry
from mmg_registry.allpairs.columns import ColumnRows, read_paired_columns
from mmg_registry.allpairs.look import PairsLook, look
from mmg_registry.allpairs.normalised import NORMALISED, Normalise, normalised
from mmg_registry.allpairs.table import MEASURED, PAIR_COLUMNS, measured, pairs_in_order
from mmg_registry.contracts import Progress, stretched
from mmg_registry.data import Pair
from mmg_registry.data.order import order_of
from mmg_registry.data.pair import with_groups
from mmg_registry.data.reading import Spec
from mmg_registry.errors import demand, issue
from mmg_registry.limits import checked
from mmg_registry.names import nearest
from mmg_registry.provenance import RESULT_PACKAGES, versions
from mmg_registry.ranking.rows import some_rows
from mmg_registry.ranking.table import METHODS, Fdr
from mmg_registry.ranking.values import plugin_value
from mmg_registry.request import Request, from_choices
from mmg_registry.tables import AnswerCell, AnswerTable

if TYPE_CHECKING:
    import pandas as pd

TOP = 20
"""Pairs that get a value unless told. Lower: strong pairs stay without one. Higher: time: `auto` takes some ten seconds
for a pair of 1,000 rows."""
ROWS = 10_000
EDGES = 10_000
SAMPLED = "Values are from {rows} of {n} rows, drawn at random (--value-rows N takes more); p and q are from all."
NO_DISCOVERY = "Nothing is surely found: no pair has q <= {alpha:g}."
CUT = "The table holds the first {kept} of {pairs} pairs (--edges K keeps more)."
UNANSWERED = "{n} pairs have no value ({names}); their rows say why."
ONE_BY_ONE = "one by one"
SCREENED, VALUED = (0.0, 0.2), (0.2, 1.0)  # shares of the bar: of the screen, and of the values

PairPlaces = tuple[int, int]


@dataclass(frozen=True)
class PairsOptions:
    """What of all pairs is chosen, beside the settings of an estimate.

    Attributes:
        top: pairs that get a value, the first ones of the screen.
        edges: pairs in the table at most, the first ones of the screen.
        value_rows: drawn for the value of each pair, where rows are independent.
        fdr: "independent" for the false discovery rate of Benjamini and Hochberg, "dependent" for that of Benjamini and
            Yekutieli, which holds whatever the pairs share.
        alpha: level at which a pair counts as found.
        normalise: "correlation", "entropy" or "none", see `allpairs.normalised`.

    Raises:
        OptionError: for a value out of range.
    """

    top: int = TOP
    edges: int = EDGES
    value_rows: int = ROWS
    fdr: Fdr = "independent"
    alpha: float = 0.05
    normalise: Normalise = "correlation"

    def __post_init__(self) -> None:
        checked("n", self.value_rows, "value_rows")
        for name, least in (("top", 0), ("edges", 1)):
            value = getattr(self, name)
            good = isinstance(value, int) and value >= least
            demand(good, f"The option '{name}' is {value!r} and must be a whole number from {least}.")
        demand(0 < self.alpha < 1, f"The option 'alpha' is {self.alpha!r} and must be between 0 and 1.")
        known = nearest(str(self.fdr), sorted(METHODS), "there are")
        demand(self.fdr in METHODS, f"There is no false discovery rate '{self.fdr}'; {known}.")
        known = nearest(str(self.normalise), list(NORMALISED), "there are")
        demand(self.normalise in NORMALISED, f"There is no normalised value '{self.normalise}'; {known}.")


def pairs(data: Any, *, columns: Spec | None = None, **choices: Any) -> pd.DataFrame:
    """Find which pairs of columns depend on each other, and estimate what the first of them share.

    All pairs are screened by p-values of the quick test, with their false discovery rate; the first `top` get a value
    with its interval by the plugin, `auto` unless given. Kinds are mixed: numbers, counts, labels and text. Constant
    columns are left out; of columns that repeat one another the first is paired, and its copies with it alone.

    Args:
        data: a table: a frame of pandas or polars, or the path of a file; or an array `(n, d)`, also a sparse one.
        columns: columns of the table; all, if None.
        **choices: fields of `PairsOptions` (top, edges, value_rows, fdr, alpha, normalise), of `Request` (plugin,
            seed, threads, unit, groups, blocks, kinds, drop_nan, rows ..), and options of the plugin.

    Returns:
        A DataFrame with a row for each pair, in order: first those that surely share most. `attrs["mmg"]` holds the
        warnings and the provenance.

    Warns:
        MMGWarning: once for each of the table's warnings.

    Raises:
        OptionError: for an unknown, out-of-range or contradictory option, and without pandas.
        PluginError: when the plugin is missing or broken.
        DataError: when the data cannot be read or lack cells, or fewer than two columns vary.

    Example:
        >>> import numpy as np, pandas as pd, mmg_registry as mmg
        >>> x, noise, u = np.random.default_rng(0).standard_normal((3, 500))
        >>> table = pd.DataFrame({"u": u, "x": x, "bent": x**2 + 0.1 * noise})
        >>> found = mmg.pairs(table, plugin="ksg", top=1, seed=0)
        >>> found[["x", "y", "status"]].values.tolist()[0], bool(found["q"][0] < 0.05)
        (['x', 'bent', 'estimated'], True)
    """
    options, request = options_of(choices)
    pair = read_paired_columns(data, columns, request.groups, rows=request.rows, seed=request.seed)
    found = AllPairs.of(pair, replace(request, groups=None), options).table().to_unit(request.unit)
    issue(found.warnings)
    return found.to_frame()


def options_of(choices: dict[str, Any]) -> tuple[PairsOptions, Request]:
    """Return the options of the question and the settings of its estimates, out of keyword arguments.

    Raises:
        OptionError: for an unknown or out-of-range option.
        PluginError: when the plugin is missing or broken.
    """
    own = {each.name: choices.pop(each.name) for each in fields(PairsOptions) if each.name in choices}
    request = from_choices(Request, choices)
    registry.check_options(request.plugin, request.options, PAIRS_CHOICES)
    return PairsOptions(**own), request


PAIRS_CHOICES = (*(each.name for kind in (Request, PairsOptions) for each in fields(kind)), "columns")


@dataclass(frozen=True)
class AllPairs:
    """All pairs of some columns, as they are asked for.

    Attributes:
        rows: of the columns.
        request: settings of each estimate; values are in nats until the end.
        options: what else was chosen.
    """

    rows: ColumnRows
    request: Request
    options: PairsOptions

    @classmethod
    def of(cls, pair: Pair, request: Request, options: PairsOptions) -> AllPairs:
        """Return the question of all pairs of x's columns.

        Raises:
            DataError: as `ColumnRows.of`.
        """
        whole = pair if request.groups is None else with_groups(pair, request.groups)
        return cls(ColumnRows.of(whole, request.kinds, request.drop_nan), replace(request, groups=None), options)

    @cached_property
    def screened(self) -> PairsLook:
        """The first pairs by the screen."""
        options, asked = self.options, replace(self.request, progress=stretched(self.request.progress, *SCREENED))
        return look(self.rows, asked, options.alpha, options.fdr, max(options.edges, options.top))

    def chosen(self) -> list[PairPlaces]:
        """Return the pairs that get a value: each column with its copy, and the first of the screen."""
        best = zip(self.screened.i.tolist(), self.screened.j.tolist(), strict=True)
        return [*self.rows.copies, *list(best)[: self.options.top]]

    def cells(self, pair: PairPlaces) -> dict[str, AnswerCell]:
        """Return what the plugin says of two columns, in nats: the cells named in `table.MEASURED`."""
        whole = self.rows.between(*pair)
        rows = some_rows(whole, self.options.value_rows, self.request.seed) if self._independent(whole) else whole
        return measured(plugin_value(whole, rows, replace(self.request, kinds=self.rows.told_of(*pair))))

    def _independent(self, pair: Pair) -> bool:
        """Return whether rows may be drawn: they belong to no groups and make no series."""
        blocks = self.request.blocks
        return pair.groups is None and (blocks == "none" or (blocks == "auto" and not order_of(pair.x, pair.y).series))

    def table(
        self, answers: Callable[[Sequence[PairPlaces]], list[dict[str, AnswerCell]]] | None = None
    ) -> AnswerTable:
        """Return the table, in nats: screen all pairs, estimate the first, put them in order.

        Args:
            answers: what returns the cells of pairs, in their order; those of this process, one by one, if None.
        """
        started = time.perf_counter()
        wanted = self.chosen()
        told = dict(zip(wanted, (answers or self._one_by_one)(wanted), strict=True))
        rows = [self._row(place, told) for place in range(len(self.screened.i))]
        rows += [self._of(pair, told[pair], {"score": 1.0, "p": None, "q": None}) for pair in self.rows.copies]
        warnings = [*self.rows.warnings, *self._warnings(told)]
        return AnswerTable(
            "pairs", PAIR_COLUMNS, pairs_in_order(rows), warnings=warnings, provenance=self._provenance(started)
        )

    def _one_by_one(self, wanted: Sequence[PairPlaces]) -> list[dict[str, AnswerCell]]:
        listener, found = stretched(self.request.progress, *VALUED), []
        for pair in wanted:
            found.append(self.cells(pair))
            if listener:
                listener(Progress(len(found) / len(wanted), f"pair {len(found)} of {len(wanted)}"))
        return found

    def _row(self, place: int, told: dict[PairPlaces, dict[str, AnswerCell]]) -> dict[str, AnswerCell]:
        found = self.screened
        pair = int(found.i[place]), int(found.j[place])
        numbers = {name: float(getattr(found, name)[place]) for name in ("score", "p", "q")}
        return self._of(pair, told.get(pair, measured(None)), numbers)

    def _of(self, pair: PairPlaces, cells: dict[str, AnswerCell], numbers: dict[str, Any]) -> dict[str, AnswerCell]:
        (i, j), mi = pair, cells["mi"]
        own = normalised(self.rows, pair, None if mi is None else float(mi), self.options.normalise)
        head = {"rank": None, "i": i, "j": j, "x": self.rows.names[i], "y": self.rows.names[j], "normalised": own}
        return {**head, **numbers, **{name: cells[name] for name in MEASURED}}

    def _warnings(self, told: dict[PairPlaces, dict[str, AnswerCell]]) -> list[str]:
        found, options, n = self.screened, self.options, len(self.rows)
        names = [f"{self.rows.names[i]}-{self.rows.names[j]}" for (i, j), cells in told.items() if cells["mi"] is None]
        return [
            *([SAMPLED.format(rows=options.value_rows, n=n)] if n > options.value_rows and told else []),
            *([] if found.found else [NO_DISCOVERY.format(alpha=options.alpha)]),
            *([CUT.format(kept=len(found.i), pairs=found.n_pairs)] if len(found.i) < found.n_pairs else []),
            *([UNANSWERED.format(n=len(names), names=", ".join(names[:5]))] if names else []),
        ]

    def _provenance(self, started: float) -> dict[str, Any]:
        record, found = registry.find(self.request.plugin), self.screened
        return {
            "plugin": {"name": record.name, "version": record.version, "distribution": record.distribution},
            "options": dict(self.request.options),
            "seed": self.request.seed,
            "source": self.rows.pair.source,
            "rows": len(self.rows),
            "columns": len(self.rows.names),
            "screened": {"columns": len(self.rows.kinds), "pairs": found.n_pairs, "found": found.found},
            "ci_level": self.request.ci_level,
            "pairs": {each.name: getattr(self.options, each.name) for each in fields(self.options)},
            "estimates": ONE_BY_ONE,
            "seconds": {"total": time.perf_counter() - started},
            "versions": versions(RESULT_PACKAGES),
        }
