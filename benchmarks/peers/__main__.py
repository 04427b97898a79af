"""Published packages and ours on the same rows of tasks with known information, on one thread each.

    python -m benchmarks.peers [--peers A,B] [--side ours|theirs] [--tasks GLOB,...] [--cap 600] [--out DIR] [--resume]
    python -m benchmarks.peers --report [--out DIR]

Every package has an environment of its own under build/peers, and every method of every package runs in a process of
its own. Our plugin of the same method runs on the same rows. A finished run is written at once as a line of
DIR/runs.jsonl; a run that fails or is cut is a line with its error. --resume continues after a kill, and tries again
what could not be installed. --report writes results/peers.json and results/peers.md.

--cap is the CPU time that a package may train; where it ends training, the estimate is made from what there is ("cut").
Packages run at their published defaults; workers/ says what each package gets, and what serves where it has no default.
CPU seconds are those of fitting and estimating, without import. Peak memory is the kernel's account of the process.
"""

from __future__ import annotations

import argparse
import sys
import tempfile
from collections.abc import Sequence
from pathlib import Path

from benchmarks import common
from benchmarks.peers.environments import PEERS
from benchmarks.peers.reporting import markdown, paired_runs, summary_by_method
from benchmarks.peers.running import OURS, REST, PeerRun, PeerSettings, Runner, plan_peers
from mmg_registry.benchmark.store import Store, distinct, key_of
from mmg_registry.benchmark.tasks import select
from mmg_registry.errors import MMGError

SCHEMA = "mmg/benchmark-peers/1"
SUITES = ("bmi", "high-mi")
TASKS = (
    "1v1-additive-0.1",
    "swissroll_x-normal_cdf-1v1-normal-0.75",
    "multinormal-dense-25-25-0.5",
    "multinormal-sparse-5-5-2-2.0",
    "student-identity-2-2-1",
    "student-identity-5-5-2",
    "half_cube-multinormal-sparse-25-25-2-2.0",
    "spiral-multinormal-sparse-3-3-2-2.0",
    "multinormal-sparse-3-3-2-200.0",
    "half_cube-multinormal-sparse-3-3-2-200.0",
)


def words(text: str) -> list[str]:
    """Split a text at its commas."""
    return [word.strip() for word in text.split(",") if word.strip()]


def _arguments(argv: Sequence[str] | None) -> argparse.Namespace:
    parser = argparse.ArgumentParser(
        prog="python -m benchmarks.peers", description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--peers", type=words, default=list(PEERS), help=f"packages: {', '.join(PEERS)}")
    parser.add_argument("--methods", type=words, help="only these, by the name of our plugin")
    parser.add_argument("--side", choices=("ours", "theirs"), help="the packages alone, or ours alone")
    parser.add_argument("--tasks", type=words, default=list(TASKS), help=f"names or globs, of {' and '.join(SUITES)}")
    parser.add_argument("--cap", type=float, default=600.0, help="CPU seconds that a package may train")
    parser.add_argument("--seed", type=int, default=0, help="of the rows and of the training")
    parser.add_argument("--n-train", type=int, default=100_000, help="rows to train on, at most")
    parser.add_argument("--n-eval", type=int, default=10_000, help="rows to evaluate on, at most")
    parser.add_argument("--out", type=Path, default=common.ROOT / "build" / "peers" / "runs", help="folder of the runs")
    parser.add_argument("--resume", action="store_true", help="go on in --out")
    parser.add_argument("--report", action="store_true", help="run nothing; write the results of --out")
    parser.add_argument("--results", type=Path, default=common.RESULTS, help="folder of peers.json and peers.md")
    given = parser.parse_args(argv)
    for name in given.peers:
        if name not in PEERS:
            parser.error(f"there is no package '{name}'; there are {', '.join(PEERS)}")
    return given


def main(argv: Sequence[str] | None = None) -> int:
    """Run or report; return the exit code."""
    given = _arguments(argv)
    try:
        with Store(given.out, schema=SCHEMA) as store:
            return report(store, given.results) if given.report else execute(store, given)
    except MMGError as error:
        print(f"error: {error}", file=sys.stderr)
        return 2


def execute(store: Store, given: argparse.Namespace) -> int:
    """Execute all runs that are asked for and not in the store yet; return the exit code."""
    if store.rows and not given.resume:
        print(f"error: {store.path} holds runs; go on with --resume, or give another --out.", file=sys.stderr)
        return 2
    settings = PeerSettings(given.cap, given.seed, given.n_train, given.n_eval)
    peers = {name: PEERS[name] for name in given.peers}
    done = {key_of(row) for row in store.rows if row["status"] != "unavailable"}
    runs = [run for run in _asked(given, settings) if key_of(run.about(settings)) not in done]
    most = len(runs) * (settings.cap + REST) / 3600
    print(f"{len(runs)} runs, {most:.1f} hours of CPU time at the very most", file=sys.stderr)
    with tempfile.TemporaryDirectory() as scratch:
        for row in Runner(settings, peers, Path(scratch)).rows_of(runs):
            store.append(row)
            said = f"{row['estimate']:.4f}" if "estimate" in row else row["error"]
            print(f"{row['task']} {row['options']['package']} {row['method']}: {row['status']} {said}", file=sys.stderr)
    return 0


def _asked(given: argparse.Namespace, settings: PeerSettings) -> list[PeerRun]:
    runs = plan_peers(select(SUITES, given.tasks), {name: PEERS[name] for name in given.peers}, settings)
    runs = [run for run in runs if not given.side or (run.package == OURS) == (given.side == "ours")]
    return [run for run in runs if not given.methods or run.plugin in given.methods]


def report(store: Store, folder: Path) -> int:
    """Write and print what the store holds; return the exit code."""
    if not store.rows:
        print(f"error: {store.path} holds no runs yet.", file=sys.stderr)
        return 2
    found = paired_runs(store.rows)
    seeds = sorted({row["seed"] for row in store.rows})
    about = common.document({"summary": summary_by_method(found), "pairs": found}, seeds=seeds)
    ran_at = {name: distinct(store.rows, name) for name in ("machine", "revision")}  # of the runs, not of the report
    common.write(folder / "peers.json", {**about, **ran_at})
    (folder / "peers.md").write_text(text := markdown(found))
    print(text, end="")
    return 0


if __name__ == "__main__":
    sys.exit(main())
