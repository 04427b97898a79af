"""What one plugin says of the rows, with what it declares of itself; or why it says nothing."""

from __future__ import annotations

from dataclasses import dataclass, field, replace

from mmg_registry import registry
from mmg_registry.contracts import Direction, Form
from mmg_registry.data import Pair
from mmg_registry.errors import DoesNotApply, MMGError
from mmg_registry.estimation.run import run
from mmg_registry.quantity import Quantity
from mmg_registry.request import Request
from mmg_registry.tables import AnswerCell, AnswerColumn

PLUGIN_COLUMNS = (
    AnswerColumn("plugin", "the estimator"),
    AnswerColumn("mi", "what it says of the information", True),
    AnswerColumn("std_error", "its standard error", True),
    AnswerColumn("low", "lower end of its interval", True),
    AnswerColumn("high", "upper end of its interval", True),
    AnswerColumn("bound", "whether the estimate bounds the information on average: lower, upper or none"),
    AnswerColumn("n_train", "rows that it was trained on, or compared"),
    AnswerColumn("n_eval", "rows that it was evaluated on"),
    AnswerColumn("seconds", "time that it took"),
    AnswerColumn("status", "estimated, exact, infinite; refused where the plugin does not apply; failed"),
    AnswerColumn("reason", "why there is no value, or what the plugin doubts"),
)


@dataclass(frozen=True)
class PluginAnswer:
    """A plugin's answer.

    Attributes:
        plugin: its name.
        found: the information, in nats; None where there is none.
        status: that of `found`, "refused" or "failed".
        reason: why there is none.
        bound, form, trains: what the plugin declares, see `contracts.Estimator`.
    """

    plugin: str
    found: Quantity | None
    status: str
    reason: str = ""
    bound: Direction = "none"
    form: Form = "any"
    trains: bool = False
    doubts: tuple[str, ...] = field(default=())

    @property
    def interval(self) -> tuple[float, float] | None:
        """The ends of the interval in nats, where there is one."""
        if self.found is None or self.found.low is None or self.found.high is None:
            return None
        return self.found.low, self.found.high

    def cells(self) -> dict[str, AnswerCell]:
        """Return the row of the table."""
        found = self.found
        about = found.provenance if found else {}
        numbers = {key: getattr(found, key, None) for key in ("std_error", "low", "high")}
        sizes: dict[str, AnswerCell] = {key: about.get(key) for key in ("n_train", "n_eval")}
        seconds = about.get("seconds", {}).get("total")
        value: dict[str, AnswerCell] = {"plugin": self.plugin, "mi": found.value if found else None, **numbers}
        told = " ".join(self.doubts) if found else self.reason
        return {**value, "bound": self.bound, **sizes, "seconds": seconds, "status": self.status, "reason": told}


def opinion_of(plugin: str, pair: Pair, request: Request) -> PluginAnswer:
    """Ask a plugin; what it raises becomes the reason why there is no value.

    Options that the plugin does not have are not given to it.

    Raises:
        PluginError: when the plugin is missing or broken.
    """
    cls = registry.load_plugin(plugin)
    own = {key: value for key, value in request.options.items() if key in cls.Options.model_fields}
    declared = PluginAnswer(plugin, None, "failed", "", cls.bound, cls.form, cls.trains)
    try:
        found = Quantity.of(run(pair, replace(request, plugin=plugin, options=own, unit="nats")).estimate)
    except MMGError as error:
        status = "refused" if isinstance(error, DoesNotApply) else "failed"
        return replace(declared, status=status, reason=str(error))
    return replace(declared, found=found, status=found.status, doubts=tuple(found.warnings))
