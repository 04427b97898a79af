"""The engine "slurm": a job of the batch system for each work, by submitit."""

from __future__ import annotations

from collections.abc import Callable
from concurrent.futures import Executor, Future, ThreadPoolExecutor
from pathlib import Path
from threading import Lock
from typing import Any

from mmg_registry.engines.engine import Place
from mmg_registry.engines.work import Parcel, Resources


def open_slurm(place: Place) -> Executor:
    """Return an executor of Slurm's jobs; "slurm:local" tries the same with processes of this machine.

    The options are parameters of `submitit.AutoExecutor`, such as `slurm_partition`, and hold for all works; they come
    before what a work asks for itself.

    Raises:
        ImportError: when submitit is not installed.
    """
    import submitit  # noqa: F401  # to be told now, and not by each work

    return Slurm(place.address or "slurm", place.jobs, dict(place.options))


class Slurm(Executor):
    """Jobs of submitit, each waited for by a thread; its files go to FOLDER/submitit beside the shards.

    Args:
        cluster: "slurm", "local" or "debug", as submitit has them.
        jobs: number of jobs at a time, queued or running.
        options: parameters of all jobs.
    """

    def __init__(self, cluster: str, jobs: int, options: dict[str, Any]) -> None:
        self._cluster, self._options, self._lock = cluster, options, Lock()
        self._threads = ThreadPoolExecutor(jobs, "mmg-slurm")
        self._jobs: set[Any] = set()

    def submit(self, call: Callable[..., Any], /, *args: Any, **kwargs: Any) -> Future[Any]:
        """Submit a job that calls `call(parcel)`, once fewer than `jobs` are in flight."""
        return self._threads.submit(self._called, call, *args, **kwargs)

    def shutdown(self, wait: bool = True, *, cancel_futures: bool = False) -> None:
        """Wait for all jobs, or cancel them."""
        self._threads.shutdown(wait=False, cancel_futures=cancel_futures)
        for job in list(self._jobs) if cancel_futures else ():
            job.cancel(check=False)
        self._threads.shutdown(wait=wait or cancel_futures)

    def _called(self, call: Callable[..., Any], parcel: Parcel) -> Any:
        job = self._submitted(call, parcel)
        self._jobs.add(job)
        try:
            return job.result()
        finally:
            self._jobs.discard(job)

    def _submitted(self, call: Callable[..., Any], parcel: Parcel) -> Any:
        from submitit import AutoExecutor

        with self._lock:  # parameters belong to the executor, not to a job
            executor = AutoExecutor(Path(parcel.folder, "submitit"), cluster=self._cluster)
            executor.update_parameters(**{**parameters(parcel.work.resources), **self._options})
            return executor.submit(call, parcel)


def parameters(asked: Resources) -> dict[str, Any]:
    """Return resources as submitit names them.

    Example:
        >>> parameters(Resources(threads=4, memory="8GB", minutes=29.5))
        {'name': 'mmg', 'cpus_per_task': 4, 'gpus_per_node': 0, 'mem_gb': 8.0, 'timeout_min': 30}
    """
    memory = None if asked.megabytes is None else asked.megabytes / 1000
    minutes = None if asked.minutes is None else -int(-asked.minutes // 1)
    found = {
        "name": "mmg", "cpus_per_task": asked.threads, "gpus_per_node": asked.gpus, "mem_gb": memory,
        "timeout_min": minutes,
    }  # fmt: skip
    return {name: value for name, value in found.items() if value is not None}
