"""The engine "dask": workers of Dask's distributed scheduler, of a cluster that runs or of this machine."""

from __future__ import annotations

from collections.abc import Callable
from concurrent.futures import Executor, Future
from dataclasses import asdict
from typing import TYPE_CHECKING, Any

from mmg_registry.engines.engine import Place
from mmg_registry.engines.work import Parcel

if TYPE_CHECKING:
    from distributed import Client


def open_dask(place: Place) -> Executor:
    """Return an executor on the scheduler at `place.address`, or else on a cluster of processes of this machine.

    The options are those of `distributed.Client`, or else of `distributed.LocalCluster`. A scheduler of one's own gives
    a work up at the first death of a worker, so that the driver counts; another repeats it as it is configured
    (`distributed.scheduler.allowed-failures`, 3 by default).

    Raises:
        ImportError: when distributed is not installed.
    """
    import dask
    from distributed import Client, LocalCluster

    if place.address is not None or "scheduler_file" in place.options:
        return Dask(Client(place.address, **place.options))
    asked = {"n_workers": place.jobs, "threads_per_worker": 1, "dashboard_address": None, **place.options}
    with dask.config.set({"distributed.scheduler.allowed-failures": 0}):
        cluster = LocalCluster(**asked)
    return Dask(Client(cluster), cluster.close)


class Dask(Executor):
    """Executors of a client, one for each set of resources.

    A work asks for those of its resources that some worker declares (`dask worker --resources "gpus=1 threads=8"`),
    since a scheduler waits for ever for a worker that has what it asks for.

    Args:
        client: the client, closed with the executor.
        close: what else is to be closed with it.
    """

    def __init__(self, client: Client, close: Callable[[], object] = lambda: None) -> None:
        self._client, self._close = client, close

    def submit(self, call: Callable[..., Any], /, *args: Any, **kwargs: Any) -> Future[Any]:
        """Submit a call, with the resources of the work in its parcel."""
        executor = self._client.get_executor(pure=False, resources=self._resources_of(args))
        found: Future[Any] = executor.submit(call, *args, **kwargs)
        return found

    def shutdown(self, wait: bool = True, *, cancel_futures: bool = False) -> None:
        """Close the client and a cluster of one's own; what is in flight is cancelled."""
        self._client.close()
        self._close()

    def _resources_of(self, args: tuple[Any, ...]) -> dict[str, float]:
        if not (args and isinstance(args[0], Parcel)):
            return {}
        asked = args[0].work.resources
        wanted = {**asdict(asked), "memory": (asked.megabytes or 0) * 10**6}
        declared = self._declared()
        return {name: value for name, value in wanted.items() if value and name in declared}

    def _declared(self) -> set[str]:
        workers = self._client.scheduler_info(n_workers=-1)["workers"].values()
        return {name for worker in workers for name in worker["resources"]}
