"""`mmg.rank`: which columns of a table tell of a target, and how much?"""

from __future__ import annotations

import time
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, fields, replace
from functools import cached_property
from typing import TYPE_CHECKING, Any

from mmg_registry import registry
from mmg_registry.contracts import Listener, Progress, stretched
from mmg_registry.data import Pair
from mmg_registry.data.pair import with_groups
from mmg_registry.data.reading import Spec
from mmg_registry.errors import demand, issue
from mmg_registry.limits import checked
from mmg_registry.names import nearest
from mmg_registry.provenance import RESULT_PACKAGES, versions
from mmg_registry.ranking.greedy import GREEDY, MOST_CANDIDATES, MOST_STEPS, NO_STEP, GreedySearch
from mmg_registry.ranking.look import FeatureLook, FirstLook
from mmg_registry.ranking.rows import FeatureRows, read_features
from mmg_registry.ranking.table import FEATURE_COLUMNS, METHODS, Fdr, feature_row_of, ranked_rows
from mmg_registry.ranking.values import Valuer
from mmg_registry.request import Request, from_choices
from mmg_registry.significance.answer import EFFECT
from mmg_registry.tables import AnswerCell, AnswerTable

if TYPE_CHECKING:
    import pandas as pd

ROWS = 10_000
"""Rows drawn for the value of each feature unless told. Lower: wider intervals. Higher: time: nearest neighbours take
0.2 CPU seconds for 10,000 rows of two columns, and 1.7 for 100,000. The p-values and `at_least` are of all rows."""
SAMPLED = "Values are from {rows} of {n} rows, drawn at random (--value-rows N takes more); {tested}."
SERIES = "Rows belong together (groups, or a series): all of them are used for each value, and at_least is not known."
DOUBTED = "The plugin doubts its value of {names}: the reason in -o FILE.csv or --json says why."
NO_DISCOVERY = "Nothing is surely found: no feature has q <= {alpha:g}."


@dataclass(frozen=True)
class RankOptions:
    """What of a ranking is chosen, beside the settings of an estimate.

    Attributes:
        top: features that get a value, the first ones by what all rows say; None for all. With `greedy`, steps at most.
        greedy: whether to order features by what each adds to those before.
        value_rows: drawn for the value of each feature, where rows are independent.
        fdr: "independent" for the false discovery rate of Benjamini and Hochberg, "dependent" for that of Benjamini and
            Yekutieli, which holds whatever the features share.
        alpha: level at which something counts as found.

    Raises:
        OptionError: for a value out of range.
    """

    top: int | None = None
    greedy: bool = False
    value_rows: int = ROWS
    fdr: Fdr = "independent"
    alpha: float = 0.05

    def __post_init__(self) -> None:
        checked("n", self.value_rows, "value_rows")
        demand(
            self.top is None or (isinstance(self.top, int) and self.top > 0),
            f"The option 'top' is {self.top!r} and must be a whole number from 1.",
        )
        demand(0 < self.alpha < 1, f"The option 'alpha' is {self.alpha!r} and must be between 0 and 1.")
        known = nearest(str(self.fdr), sorted(METHODS), "there are")
        demand(self.fdr in METHODS, f"There is no false discovery rate '{self.fdr}'; {known}.")


def rank(data: Any, *, target: Any, features: Spec | None = None, given: Any = None, **choices: Any) -> pd.DataFrame:
    """Rank features by what they tell of a target: the information of each with its interval, p and q.

    Kinds are mixed: numbers, counts, labels and text; cells that are missing are left out feature by feature. The
    p-value of the quick test and the lower bound `at_least` come from all rows, the value and its interval from
    `value_rows` of them by the plugin, `ksg` unless given. What fails is a row with its reason.

    Args:
        data: a table: a frame of pandas or polars, or the path of a file; or an array or a frame of features.
        target: a column of the table, or values `(n,)`.
        features: columns of the table; all but the target and what is given, if None.
        given: columns of the table, or values `(n, dim_z)`, for I(feature; target | given).
        **choices: fields of `RankOptions` (top, greedy, value_rows, fdr, alpha), of `Request` (plugin, seed,
            threads, unit, groups, blocks, kinds, rows ..), and options of the plugin.

    Returns:
        A DataFrame with a row for each feature, in order: first those that surely tell most. `attrs["mmg"]` holds the
        warnings and the provenance.

    Warns:
        MMGWarning: once for each of the table's warnings.

    Raises:
        OptionError: for an unknown, out-of-range or contradictory option, and without pandas.
        PluginError: when the plugin is missing or broken.
        DataError: when the data cannot be read, or fewer than ten rows have a target.

    Example:
        >>> import numpy as np, pandas as pd, mmg_registry as mmg
        >>> x, noise, u = np.random.default_rng(0).standard_normal((3, 500))
        >>> table = pd.DataFrame({"noise": u, "bent": x**2, "site": np.where(x > 0, "A", "B"), "t": x + 0.3 * noise})
        >>> found = mmg.rank(table, target="t", seed=0)
        >>> found["feature"].tolist(), (found["q"] <= 0.05).tolist()
        (['bent', 'site', 'noise'], [True, True, False])
    """
    options, request = options_of(choices)
    drawn = {"rows": request.rows, "seed": request.seed}
    pair = read_features(data, target, features, given, request.groups, **drawn)
    found = Ranking.of(pair, replace(request, groups=None), options).table().to_unit(request.unit)
    issue(found.warnings)
    return found.to_frame()


def options_of(choices: dict[str, Any]) -> tuple[RankOptions, Request]:
    """Return the options of a ranking and the settings of its estimates, out of keyword arguments.

    Raises:
        OptionError: for an unknown or out-of-range option.
        PluginError: when the plugin is missing or broken.
    """
    own = {each.name: choices.pop(each.name) for each in fields(RankOptions) if each.name in choices}
    request = from_choices(Request, {"plugin": EFFECT, **choices})
    registry.check_options(request.plugin, request.options, RANK_CHOICES)
    return RankOptions(**own), request


RANK_CHOICES = (*(each.name for kind in (Request, RankOptions) for each in fields(kind)), "given", "features")


@dataclass(frozen=True)
class Ranking:
    """A ranking that is asked for.

    Attributes:
        rows: of the table.
        request: settings of each estimate; values are in nats until the end.
        options: what else was chosen.
    """

    rows: FeatureRows
    request: Request
    options: RankOptions

    @classmethod
    def of(cls, pair: Pair, request: Request, options: RankOptions) -> Ranking:
        """Return the ranking of x's columns by what they tell of y.

        Raises:
            DataError: as `FeatureRows.of`, and for a target that is no number and no label, such as identifiers.
        """
        whole = pair if request.groups is None else with_groups(pair, request.groups)
        found = cls(FeatureRows.of(whole, request.kinds), replace(request, groups=None), options)
        found.look.check_target()
        return found

    @cached_property
    def look(self) -> FirstLook:
        """How features are looked at."""
        return FirstLook(self.rows, self.request, self.options.value_rows)

    @cached_property
    def valuer(self) -> Valuer:
        """How features are estimated; rows that belong together are all used."""
        return Valuer(self.rows, self.request, self.options.value_rows, self.look.independent)

    def row(self, feature: int, valued: bool = True) -> dict[str, AnswerCell]:
        """Return the row of one feature, in nats, without rank and q."""
        return self._row(self.look(feature), valued)

    def _row(self, look: FeatureLook, valued: bool) -> dict[str, AnswerCell]:
        value = self.valuer.alone(look.feature) if valued and not look.reason else None
        missing = int(self.rows.known.sum()) - look.rows
        return feature_row_of(look, value, self.rows.names[look.feature], missing)

    def table(self) -> AnswerTable:
        """Return the table, in nats: look at all features, estimate those that are wanted, put them in order."""
        started = time.perf_counter()
        every = range(len(self.rows.names))
        part = 0.5 if self.options.greedy else 1.0
        if self.options.top is None or self.options.greedy:
            found = list(self._told(every, True, stretched(self.request.progress, 0.0, part)))
        else:
            found = self._refined(list(self._told(every, False, stretched(self.request.progress, 0.0, 0.5))))
        return self.assembled(found, started)

    def _told(
        self, features: Iterable[int], valued: bool, listener: Listener | None
    ) -> Iterator[dict[str, AnswerCell]]:
        wanted = list(features)
        for i, feature in enumerate(wanted):
            yield self.row(feature, valued)
            if listener:
                listener(Progress((i + 1) / len(wanted), f"feature {i + 1} of {len(wanted)}"))

    def _refined(self, looked: list[dict[str, AnswerCell]]) -> list[dict[str, AnswerCell]]:
        """Return the rows with values of the first ones."""
        best = self.first(looked)
        listener = stretched(self.request.progress, 0.5, 1.0)
        told = {row["feature"]: row for row in self._told(best, True, listener)}
        return [told.get(row["feature"], row) for row in looked]

    def first(self, looked: Sequence[dict[str, AnswerCell]]) -> list[int]:
        """Return the places of the features that get a value, by what all rows say of them."""
        places = {name: j for j, name in enumerate(self.rows.names)}
        best = ranked_rows(list(looked), self.options.fdr)[: self.options.top]
        return [places[str(row["feature"])] for row in best]

    def assembled(self, rows: Sequence[dict[str, AnswerCell]], started: float) -> AnswerTable:
        """Return the table of rows of all features, in nats."""
        best = ranked_rows(list(rows), self.options.fdr)
        if self.options.greedy:
            best = self._stepped(best)
        columns = (*FEATURE_COLUMNS, *(GREEDY if self.options.greedy else ()))
        return AnswerTable("rank", columns, tuple(best), "nats", self._warnings(best), self._provenance(started))

    def _stepped(self, best: list[dict[str, AnswerCell]]) -> list[dict[str, AnswerCell]]:
        """Return the rows with the steps of the greedy search, its features first."""
        places = {name: j for j, name in enumerate(self.rows.names)}
        search = GreedySearch(self.rows, self.valuer, self.request, self.options.alpha)
        listener = stretched(self.request.progress, 0.5, 1.0)
        steps = search.steps([places[str(row["feature"])] for row in best], self.options.top or MOST_STEPS, listener)
        told = {self.rows.names[step.feature]: step.cells(i) for i, step in enumerate(steps, 1)}
        stepped = [{**row, **told.get(str(row["feature"]), NO_STEP)} for row in best]
        return sorted(stepped, key=lambda row: float(row["step"] or len(stepped) + 1))

    def _warnings(self, rows: Sequence[dict[str, AnswerCell]]) -> list[str]:
        n, sampled = len(self.rows), self.look.independent and len(self.rows) > self.options.value_rows
        told = [*self.rows.pair.doubts]
        tested = "p, q and at_least are from all" if self.look.plain else "so are p and q"
        told += [SAMPLED.format(rows=self.options.value_rows, n=n, tested=tested)] if sampled else []
        told += [] if self.look.independent else [SERIES]
        found = [row for row in rows if row["q"] is not None and float(row["q"]) <= self.options.alpha]
        told += [] if found else [NO_DISCOVERY.format(alpha=self.options.alpha)]
        return [*told, *_missing(rows), *_unanswered(rows), *_doubted(rows), *_tried(rows, self.options.greedy)]

    def _provenance(self, started: float) -> dict[str, Any]:
        pair, options = self.rows.pair, self.options
        record = registry.find(self.request.plugin)
        chosen = {each.name: getattr(options, each.name) for each in fields(options)}
        return {
            "plugin": {"name": record.name, "version": record.version, "distribution": record.distribution},
            "options": dict(self.request.options),
            "seed": self.request.seed,
            "source": pair.source,
            "target": list(pair.y_names),
            "given": list(pair.z_names),
            "rows": len(pair),
            "features": len(self.rows.names),
            "ci_level": self.request.ci_level,
            "ranking": chosen,
            "seconds": {"total": time.perf_counter() - started},
            "versions": versions(RESULT_PACKAGES),
        }


def _missing(rows: Sequence[dict[str, AnswerCell]]) -> list[str]:
    lacking = [f"'{row['feature']}' {row['missing']}" for row in rows if row["missing"]]
    if not lacking:
        return []
    return [f"Rows without a value are left out, feature by feature: {_some(lacking)}."]


def _unanswered(rows: Sequence[dict[str, AnswerCell]]) -> list[str]:
    failed = [f"'{row['feature']}'" for row in rows if row["status"] in ("failed", "refused")]
    return [f"{len(failed)} features have no value ({_some(failed)}); their rows say why."] if failed else []


def _doubted(rows: Sequence[dict[str, AnswerCell]]) -> list[str]:
    """Return a sentence that names features of whose value the plugin warns; 0 needs none, nor what is proved."""
    named = [f"'{row['feature']}'" for row in rows if row["status"] == "estimated" and row["mi"] and row["reason"]]
    return [DOUBTED.format(names=_some(named))] if named else []


def _tried(rows: Sequence[dict[str, AnswerCell]], greedy: bool) -> list[str]:
    if not greedy or len(rows) <= MOST_CANDIDATES:
        return []
    return [f"The greedy search tried the first {MOST_CANDIDATES} of {len(rows)} features; others may add something."]


def _some(words: Sequence[str]) -> str:
    return ", ".join(words[:5]) + (f" and {len(words) - 5} more" if len(words) > 5 else "")
