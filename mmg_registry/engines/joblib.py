"""The engine "joblib": whatever joblib has a backend for, such as Ray."""

from __future__ import annotations

from collections.abc import Callable
from concurrent.futures import Executor, Future
from queue import Empty, SimpleQueue
from threading import Thread
from typing import Any

from mmg_registry.engines.engine import Place

Call = tuple["Future[Any]", Callable[..., Any], tuple[Any, ...]]


def open_joblib(place: Place) -> Executor:
    """Return an executor on the backend of joblib that `place.address` names, "loky" where it names none.

    The options are those of `joblib.Parallel`.

    Raises:
        ImportError: when the package behind the backend is not installed.
    """
    backend = place.address or "loky"
    if backend == "ray":
        from ray.util.joblib import register_ray

        register_ray()
    return Joblib({"n_jobs": place.jobs, "backend": backend, "batch_size": 1, **place.options})


class Joblib(Executor):
    """Rounds of `joblib.Parallel`, each with the calls that were submitted during the last.

    joblib returns what a round returned at its end, so that a long work delays what comes after its round; and where a
    worker dies, all of the round that have no row yet run again.

    Args:
        options: keyword arguments of `joblib.Parallel`.
    """

    def __init__(self, options: dict[str, Any]) -> None:
        self._options = options
        self._calls: SimpleQueue[Call | None] = SimpleQueue()
        self._cancelled = False
        self._thread = Thread(target=self._serve, name="mmg-joblib", daemon=True)
        self._thread.start()

    def submit(self, call: Callable[..., Any], /, *args: Any, **kwargs: Any) -> Future[Any]:
        """Have a function of the arguments `args` called in the next round."""
        future: Future[Any] = Future()
        self._calls.put((future, call, args))
        return future

    def shutdown(self, wait: bool = True, *, cancel_futures: bool = False) -> None:
        """Wait for the last round, or leave it to end with this process."""
        self._cancelled = cancel_futures
        self._calls.put(None)
        if wait and not cancel_futures:
            self._thread.join()

    def _serve(self) -> None:
        while calls := self._next_round():
            self._play([call for call in calls if call[0].set_running_or_notify_cancel()])

    def _next_round(self) -> list[Call]:
        """Return what has been submitted, as soon as there is something; nothing at the end."""
        found = [self._calls.get()]
        while True:
            try:
                found.append(self._calls.get_nowait())
            except Empty:
                break
        if None in found:
            self._calls.put(None)
        return [] if self._cancelled else [call for call in found if call is not None]

    def _play(self, calls: list[Call]) -> None:
        from joblib import Parallel, delayed

        try:
            found = Parallel(**self._options)(delayed(call)(*args) for _, call, args in calls)
        except BaseException as error:
            for future, _, _ in calls:
                future.set_exception(error)
        else:
            for (future, _, _), result in zip(calls, found, strict=True):
                future.set_result(result)
