"""Carry out many works on an engine, or in this process; the driver holds keys and counters, and never rows."""

from __future__ import annotations

import uuid
from collections import Counter, deque
from collections.abc import Generator, Iterable, Iterator
from concurrent.futures import CancelledError, Executor, Future
from contextlib import contextmanager
from pathlib import Path
from queue import SimpleQueue

from mmg_registry.engines import shards
from mmg_registry.engines.engine import open_engine
from mmg_registry.engines.perform import described, outcome, perform
from mmg_registry.engines.work import Done, Parcel, Work
from mmg_registry.errors import OptionError, demand
from mmg_registry.files import locked

MOST_DEATHS = 2  # of workers at one work, which is then given up: it is likely to be what kills them
MOST_ATTEMPTS = 5  # at one work where it is not known that it had begun, as when a scheduler loses it
LONGEST_REASON = 2000  # characters of what an engine says of a loss that a row keeps
AHEAD = 2  # works in flight for each job, so that a worker need not wait for the driver


def carry_out(
    works: Iterable[Work],
    folder: str | Path,
    *,
    engine: str = "local",
    jobs: int = 1,
    resume: bool = False,
    config: str | Path | None = None,
    ahead: int = AHEAD,
) -> Generator[Done, None, None]:
    """Have all works done, and yield each as it finishes; the workers write the rows to `folder` (see `shards.rows`).

    A work that fails is a row with its error. The work of a lost worker is done again; one whose worker is lost twice
    is a row that says so. Closing the iterator, or Ctrl-C, ends what is at work and keeps what is there.

    Args:
        works: taken one at a time, as workers become free, so that there may be any number of them. Of two with one
            key the first is done.
        folder: the folder of results, made where it is missing. All workers must see it under the same path.
        engine: "NAME" or "NAME:ADDRESS", as `engine.open_engine` takes it.
        jobs: works at a time.
        resume: whether to go on in a folder that has rows: works with a row that is "ok" are not done again.
        config: a file with options of the engine, see `engine.read_config`.
        ahead: works in flight for each job; with 1, a work is taken when a worker is free for it.

    Raises:
        OptionError: with the first result, for an unknown engine, a folder in use, or one that has rows already.

    Example:
        >>> import tempfile
        >>> work = Work(key="a", call="builtins:dict", arguments={"mi": 0.5})
        >>> with tempfile.TemporaryDirectory() as folder:
        ...     [(done.key, done.status) for done in carry_out([work], folder)]
        [('a', 'ok')]
    """
    place = Path(folder).resolve()
    with _locked(place):
        finished = shards.keys(place)
        demand(resume or not finished, f"{folder} holds results already; resume that run, or give another folder.")
        known = {key for key, status in finished.items() if status == "ok"}
        driver = _Driver(open_engine(engine, jobs, config), place, jobs * ahead)
        yield from driver.carry_out(_new(works, known))


def in_this_process(works: Iterable[Work]) -> Iterator[shards.Record]:
    """Do works one after the other in this process, and yield rows as `shards.rows` does; nothing is written.

    Example:
        >>> [row["result"] for row in in_this_process([Work(key="a", call="builtins:dict", arguments={"mi": 0.5})])]
        [{'mi': 0.5}]
    """
    for work in works:
        yield {"key": work.key, **outcome(work)}


def _new(works: Iterable[Work], known: set[str]) -> Iterator[Work]:
    for work in works:
        if work.key not in known:
            known.add(work.key)
            yield work


class _Driver:
    """Keeps a number of works in flight, and submits again what was lost."""

    def __init__(self, executor: Executor, folder: Path, window: int) -> None:
        self.executor, self.folder, self.window = executor, folder, window
        self.run = uuid.uuid4().hex[:12]
        self.flying: dict[Future[Done], Work] = {}
        self.finished: SimpleQueue[Future[Done]] = SimpleQueue()
        self.again: deque[Work] = deque()
        self.losses: Counter[str] = Counter()

    def carry_out(self, works: Iterator[Work]) -> Iterator[Done]:
        whole = False
        try:
            while self._fill(works):
                done = self._settled(self.finished.get())
                if done is not None:
                    yield done
            whole = True
        finally:
            self.executor.shutdown(wait=whole, cancel_futures=not whole)

    def _fill(self, works: Iterator[Work]) -> bool:
        """Submit works until enough are in flight; return whether any is."""
        while len(self.flying) < self.window:
            work = self.again.popleft() if self.again else next(works, None)
            if work is None:
                break
            future = self.executor.submit(perform, Parcel(work=work, folder=str(self.folder), run=self.run))
            self.flying[future] = work
            future.add_done_callback(self.finished.put)
        return bool(self.flying)

    def _settled(self, future: Future[Done]) -> Done | None:
        """Return what became of a work; None where it is submitted again."""
        work = self.flying.pop(future)
        try:
            return future.result()
        except (Exception, CancelledError) as error:
            return self._after_loss(work, error)

    def _after_loss(self, work: Work, error: BaseException) -> Done | None:
        """Find the row that a worker wrote before it was lost, or try again, or give up."""
        self.losses[work.key] += 1
        deaths, done = shards.attempts(self.folder, work, self.run)
        if done is None and deaths < MOST_DEATHS and self.losses[work.key] < MOST_ATTEMPTS:
            self.again.append(work)
            return None
        return done or self._given_up(work, error, deaths)

    def _given_up(self, work: Work, error: BaseException, deaths: int) -> Done:
        how = f"{deaths} workers were lost with it" if deaths >= MOST_DEATHS else "no worker could begin it"
        said = described(error)["message"][:LONGEST_REASON]
        found = {
            "type": type(error).__name__,
            "traceback": "",
            "message": f"The work was given up, since {how}: {said}",
        }
        return shards.shard_of(str(self.folder)).end(
            work.key, self.run, {"status": "lost", "seconds": 0.0, "error": found}
        )


@contextmanager
def _locked(folder: Path) -> Iterator[None]:
    """Hold the folder for this driver alone: two would do the same works."""
    try:
        (folder / shards.FOLDER).mkdir(parents=True, exist_ok=True)
        lock = locked(folder / shards.FOLDER / "lock")
    except BlockingIOError as error:
        raise OptionError(f"Another run is writing to {folder}; wait for it or give another folder.") from error
    except OSError as error:
        raise OptionError(f"{folder} cannot be written: {error.strerror}; give another folder.") from error
    try:
        yield
    finally:
        lock.release()
