"""What pages say of result files: each quote is the words, made of the file, that its page must hold.

A page that links to a result file needs a quote of it. When a file is measured anew, the test prints the words that the
page must say now.
"""

from __future__ import annotations

import json
import statistics
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import Any

from places import ROOT

RESULTS = ROOT / "benchmarks" / "results"
Says = Callable[[Any], str | list[str]]
WORDS = ["no", "one", "two", "three", "four", "five", "six", "seven", "eight", "nine", "ten", "eleven", "twelve"]


@dataclass(frozen=True)
class Quote:
    """Words of `page` that the content of a result file makes: one text, or several."""

    page: str
    file: str
    words: Says

    def expected(self) -> list[str]:
        document = json.loads((RESULTS / self.file).read_text(encoding="utf-8"))
        found = self.words(document)
        return [found] if isinstance(found, str) else found


def board(document: Any, plugin: str = "auto") -> Any:
    """The line of a plugin on the leaderboard of a summary's one suite."""
    (suite,) = document["suites"].values()
    (line,) = (each for each in suite["leaderboard"] if each["plugin"] == plugin)
    return line


def tasks(document: Any, plugin: str = "auto") -> list[Any]:
    """The findings of a plugin on the tasks of a summary's one suite."""
    (suite,) = document["suites"].values()
    return [task for task in suite["tasks"] if task["plugin"] == plugin]


def covered(line: Any) -> str:
    return f"{line['covered']} of {line['with_interval']}"


def rows_of(document: Any) -> str:
    return f"{document['n_train']:,} + {document['n_eval']:,}"


def largest(errors: list[float]) -> float:
    return max(errors, key=abs)


def readme_row(document: Any) -> str:
    line = board(document)
    return f"| {rows_of(document)} | {line['seeds']} | {line['solved']} | {covered(line)} |"


def with_median(document: Any) -> str:
    line = board(document)
    median = line.get("median_signed_error", statistics.median(runs_off(tasks(document))))
    return f"{readme_row(document)} {median:.3f} |"


def beside(document: Any) -> Iterator[str]:
    """The rows of the gallery's table: a wrapped package beside our own estimator."""
    for theirs, ours in zip(tasks(document, "sklearn-knn"), tasks(document, "ksg"), strict=True):
        yield f"| {theirs['task']} | {theirs['truth']:.3f} | {theirs['mean']:.3f} | {ours['mean']:.3f} |"


def runs_off(found: list[Any]) -> list[float]:
    """The errors of all runs of some tasks, in nats."""
    return [value - task["truth"] for task in found for value in task["values"].values()]


def beyond(document: Any) -> list[str]:
    line = board(document)
    return [
        f"{document['n_train']:,} training and {document['n_eval']:,} evaluation rows",
        f"{line['covered']} intervals hold the truth",
        f"{line['useful']} are useful, {line['solved']} pairs are solved",
        f"{line['median_signed_error']:.3f} nats",
    ]


def by_kind_of_column(document: Any) -> str:
    line = board(document)
    return f"{line['solved']} are solved, {line['tight']} tight, and {covered(line)} intervals hold"


def by_family(document: Any) -> Iterator[str]:
    """The rows of the table by family, as accuracy.md has them."""
    found = tasks(document)
    for family in dict.fromkeys(task["family"] for task in found):
        own = [task for task in found if task["family"] == family]
        off, seconds = runs_off(own), [each for task in own for each in task["seconds"]]
        holds = [each for task in own for each in task["covered"]]
        yield (
            f"| {family} | {len(own)} | {sum(task['solved'] for task in own)} | {sum(task['tight'] for task in own)} "
            f"| {statistics.median(map(abs, off)):.4f} | {largest(off):+.4f} | {sum(holds)} of {len(holds)} "
            f"| {statistics.median(seconds):.0f} |"
        )


def leaderboard(document: Any) -> Iterator[str]:
    """What the rows of the table of every estimator begin and end with; the published counts stand between."""
    (suite,) = document["suites"].values()
    for line in suite["leaderboard"]:
        yield f"| `{line['plugin']}` | {line['solved']} |"
        yield (
            f"| {line['tight']} | {line['median_error']:.4f} | {line['largest_error']:.3f} | {covered(line)} "
            f"| {line['median_seconds']:.1f} | {line['seeds']} |"
        )


def fewer_rows(document: Any) -> str:
    line, total = board(document), document["n_train"] + document["n_eval"]
    return (
        f"| {total:,} | {line['solved']} | {line['tight']} | {line['median_error']:.3f} | {line['largest_error']:.3f} "
        f"| {covered(line)} | {line['median_seconds']:.0f} |"
    )


def published_recipe(document: Any) -> str:
    plugins = ("mmg", "mmg-adaptive", "orthogonal", "orthogonal-adaptive")
    one, two, three, four = (board(document, f"{name} [preset=paper, steps=3000]")["solved"] for name in plugins)
    return f"it solves {one}, {two}, {three} and {four}"


def ratios(document: Any) -> Iterator[str]:
    """The ratios of self-consistency: two of a row, as the tables of accuracy.md have them."""
    for test in ("baseline", "data-processing"):
        own = [each for each in document["ratios"] if each["test"] == test]
        yield (
            f"| {test.replace('-', ' ')} | "
            + " | ".join(f"{each['ratio']:.3f}" for each in own if each["rows"] < 28)
            + " |"
        )


def pairs_of_accuracy(document: Any) -> Iterator[str]:
    for case in document["results"]["summary"]:
        values = [f"{run['mi']:.4f}" for run in document["results"]["runs"] if run["case"] == case["case"]]
        yield f"| {case['true_mi']:.4f} | {', '.join(values)} | {abs(case['worst_error']):.4f} |"


def speed_cells(document: Any) -> Iterator[str]:
    """The first figures of the rows of the speed table that it has: the core's rate on one thread and on two."""
    rates: dict[tuple[Any, ...], dict[int, float]] = {}
    for cell in document["results"]["cells"]:
        key = (cell["kind"], cell["width"], cell["batch"], cell["dim"])
        rates.setdefault(key, {})[cell["threads"]] = cell["rate"]
    page = (ROOT / "docs" / "speed.md").read_text(encoding="utf-8")
    for (kind, width, batch, dim), by_threads in rates.items():
        word, rows = ("training step", batch) if kind == "training" else ("evaluation", "-")
        head = f"| {word} | {width} | {rows} | {dim}+{dim} |"
        if head in page:
            yield f"{head} {by_threads[1]:.2f} / {by_threads[2]:.2f} |"


def peers(document: Any) -> Iterator[str]:
    for row in document["results"]["summary"]:
        bound = "at least " if row["cpu_ratio_is_lower_bound"] else ""
        yield (
            f"| {row['package']} | `{row['method']}` | {row['compared']} of {row['tasks']} "
            f"| {bound}{row['cpu_ratio']:.1f} | {row['mean_error']:.3f} | {row['our_mean_error']:.3f} |"
        )


def diffusion_mi(document: Any) -> Iterator[str]:
    theirs, ours = document["results"]["theirs"], document["results"]["ours"]
    yield f"| {theirs['n_parameters']:,} | {theirs['gflops']:.1f} |"
    yield f"| {ours['n_parameters']:,} | {ours['gflops']:.1f} | {ours['seconds_to_stay']:.1f} |"
    yield f"{document['results']['comparison']['rows_ratio_at_equal_parameters']:.1f} times the rows"


def mine_ais(document: Any) -> str:
    first, second = (run for run in document["results"]["runs"] if run["plugin"] == "mine-ais")
    return f"finds\n{first['lower']:.2f} and {second['lower']:.2f}"


def linear_decoders(document: Any) -> str:
    cells = document["results"]["cells"]
    hold, runs = sum(cell["contain"] for cell in cells), sum(cell["runs"] for cell in cells)
    assert hold == runs
    return f"all {runs} sandwiches hold"


def hits(document: Any, plugin: str) -> int:
    return sum(row["hit"] for row in document["results"] if row["plugin"] == plugin)


def levels(document: Any) -> str:
    found = [100 * row["rejected"] for row in document["results"]]
    return f"between {min(found):.1f} and {max(found):.1f} of 100"


def powers(document: Any) -> Iterator[str]:
    """The rows of the table of power, in percent; a test that was not run on a law leaves its place empty."""
    found: dict[str, dict[str, float]] = {}
    for row in document["results"]:
        found.setdefault(row["law"], {})[row["test"]] = 100 * row["rejected"]
    for law, tests in found.items():
        cells = [f"{tests[name]:.0f}" if name in tests else "" for name in ("mmg", "dcor", "hsic", "kci", "cmiknn")]
        yield plain(f"| {law} | " + " | ".join(cells) + " |")


def pointwise(document: Any) -> Iterator[str]:
    off: dict[tuple[str, int], float] = {}
    for row in document["results"]:
        if row["plugin"] == "auto" and not row["halves"]:
            off[row["case"], row["rows"]] = row["rms_error"]
    for case in dict.fromkeys(case for case, _ in off):
        yield f"| {off[case, 20_000]:.3f} | {off[case, 100_000]:.3f} |"


def linear_series(document: Any) -> Iterator[str]:
    for row in document["results"]["linear"]:
        yield f"| {row['value']:.4f} |"


def directions(document: Any) -> Iterator[str]:
    found: dict[str, list[bool]] = {}
    for row in document["results"]["direction"]:
        found.setdefault(row["pair"], []).append(row["found"])
    for own in found.values():
        yield f"| {sum(own)} of {len(own)} |"


def alarms(document: Any) -> Iterator[str]:
    """The share of intervals that exclude 0, with the number of pairs, of two independent series."""
    for row in document["results"]:
        if row["share"] == 0:
            yield f"{100 * (row['above'] + row['below']):g} % ({row['pairs']})"


def from_samples(document: Any) -> Iterator[str]:
    found = {(row["model"], row["plugin"]): row for row in document["results"]["table"]}
    small, large = ("vae 2 latent", "vae 10 latent")
    yield "`minde-c` " + " and ".join(f"{found[model, 'minde-c']['mi']:.1f}" for model in (small, large))
    yield "`auto` " + " and ".join(
        f"{found[model, 'auto']['mi']:.1f} +- {found[model, 'auto']['std_error']:.1f}" for model in (small, large)
    )


def giwae(document: Any) -> Iterator[str]:
    found = {(run["bound"], run["seed"]): run["lower"] for run in document["results"]["runs"] if run["chains"] == 64}
    for bound in ("giwae", "giwae, learned critic", "infonce"):
        yield f"{found[bound, 0]:.2f} and {found[bound, 1]:.2f}"


def decoders(document: Any) -> Iterator[str]:
    found = {
        row["model"]: row
        for row in document["results"]["rows"]
        if row["start"] == "fitted" and row["temperatures"] == 10
    }
    yield f"between {found['vae']['lower']:.3f} and {found['vae']['upper']:.3f} nats"
    yield f"{found['gan']['lower']:.2f} to {found['gan']['upper']:.2f}"


def extrapolated(document: Any) -> Iterator[str]:
    for row in document["results"]:
        cells = f"{row['rows']:,}, {row['columns']} | {row['bias']:.3f} | {row['bias_extrapolated']:.3f}"
        yield f"{cells} | {100 * row['doubted']:.0f} %"


def critic_steps(document: Any) -> str:
    found = [row["torch over core"] for row in document["results"] if "training step" in row["case"]]
    return f"{min(found):.1f} to {max(found):.1f} times"


def strips(document: Any) -> str:
    found = [row["half_width"] for row in document["results"] if row["case"] == "strip-32+32"]
    return f"{min(found):.2f} to {max(found):.2f} nats at"


def plain(text: str) -> str:
    """Return words on one line with single spaces, as a page wraps them where it likes."""
    return " ".join(text.split())


def products(document: Any) -> Iterator[str]:
    """Instructions a product of the tensor cores on 9.0, least and most, of evaluation and of training."""
    for kernel in ("gap", "train"):
        (row,) = (
            each for each in document["results"]["kernels"]
            if each["kernel"] == f"{kernel}, bf16" and each["architecture"] == "90"
        )  # fmt: skip
        yield f"{row['a product, least']} to {row['a product, most']}"


def share_held(document: Any) -> str:
    found = [100 * row["holds_truth"] for row in document["results"]]
    return f"{min(found):.0f} to {max(found):.0f} %"


def crowd(document: Any) -> str:
    peaks = {row["engine"]: row["driver_peak_mb"] for row in document["results"]}
    return f"{peaks['dask']:.0f} MB, and {peaks['local']:.0f} MB with `local`"


def networks(document: Any) -> Iterator[str]:
    found = document["results"]["networks"]
    right, planted, all_of_them = (sum(row[name] for row in found) for name in ("right", "planted", "found"))
    assert right == planted
    assert not any(document["results"]["found_of_nothing"])
    yield f"all {right} are found at q up to 0.05, with {all_of_them - right} wrong"
    together = document["results"]["together"]
    assert together["one_call"] > 0.9 * together["a_call_each"]
    many = WORDS[document["parameters"]["batch"]]
    yield f"one call for {many} takes as long as {many} calls"


def ranked(document: Any) -> Iterator[str]:
    time, few, many = document["results"]["time"], *document["results"]["discoveries"]
    order = document["results"]["order"]
    yield f"{time['cpu_s_a_feature']:.2f} CPU seconds, {time['of_which_first_look']:.2f} of them"
    yield f"takes {time['scikit_learn_cpu_s_a_feature']:.2f} in the same run"
    yield f"{round(time['held'] * time['features'])} of {time['features']} intervals hold the truth"
    yield f"{100 * order['held']:.0f} %"
    false, found = ([100 * row[name] for row in (few, many)] for name in ("false_discoveries", "found"))
    yield f"{false[0]:.1f} % of what has q <= 0.05 is false with 500 rows and {false[1]:.1f} % with 5,000"
    yield f"{found[0]:.0f} % and {found[1]:.0f} % of what is there is found"
    yield f"Kendall's tau of {order['tau']:.2f} with the truth, that of scikit-learn {order['scikit_learn_tau']:.2f}"


def screened(document: Any) -> str:
    (row,) = document["results"]
    return f"{row['pairs']:,} pairs, takes {row['cpu_seconds']:.0f} CPU seconds and {row['peak_gigabytes']:.1f} GB"


def share_false(document: Any) -> str:
    (row,) = document["results"]
    return f"{100 * row['false_discovery_rate']:.1f} %"


QUOTES = [
    Quote("README.md", "beyond_auto_10k.json", with_median),
    Quote("README.md", "bmi_auto_seed_0.json", readme_row),
    Quote("README.md", "bmi_auto_1k_seed_0.json", readme_row),
    Quote("README.md", "conditional_auto.json", lambda d: f"{hits(d, 'auto')} of {len(d['results'])} |"),
    Quote("docs/accuracy.md", "beyond_auto_10k.json", beyond),
    Quote("docs/accuracy.md", "discrete_auto_10k.json", by_kind_of_column),
    Quote(
        "docs/accuracy.md",
        "bmi_auto_10k_seed_0.json",
        lambda d: f"{board(d)['solved']} solved, {board(d)['tight']} tight",
    ),
    Quote("docs/accuracy.md", "bmi_auto.json", lambda d: list(by_family(d))),
    Quote("docs/accuracy.md", "bmi_all.json", lambda d: list(leaderboard(d))),
    Quote("docs/accuracy.md", "bmi_auto_10k.json", fewer_rows),
    Quote("docs/accuracy.md", "bmi_auto_1k.json", fewer_rows),
    Quote("docs/accuracy.md", "bmi_paper.json", published_recipe),
    Quote("docs/accuracy.md", "mnist_latent.json", lambda d: list(ratios(d))),
    Quote("docs/accuracy.md", "mnist_pixels.json", lambda d: list(ratios(d))),
    Quote("docs/accuracy.md", "accuracy.json", lambda d: list(pairs_of_accuracy(d))),
    Quote("docs/accuracy.md", "null.json", lambda d: f"{board(d)['largest_error']:.4f} nats off"),
    Quote("docs/speed.md", "speed.json", lambda d: list(speed_cells(d))),
    Quote("docs/speed.md", "peers.json", lambda d: list(peers(d))),
    Quote("docs/speed.md", "peer_diffusion_mi.json", lambda d: list(diffusion_mi(d))),
    Quote("docs/speed.md", "memory.json", lambda d: f"{d['results']['peak_bytes'] / 1e6:.0f} MB"),
    Quote("docs/bounds.md", "bounds_mine_ais.json", mine_ais),
    Quote("docs/bounds.md", "bounds_linear_gaussian.json", linear_decoders),
    Quote("docs/bounds.md", "bounds_speed.json", lambda d: f"{d['results']['ratio']:.1f} times the chain"),
    Quote("docs/questions/test.md", "significance_level.json", levels),
    Quote("docs/questions/test.md", "significance_power.json", lambda d: list(powers(d))),
    Quote(
        "docs/questions/conditional.md",
        "conditional.json",
        lambda d: f"{WORDS[hits(d, 'gaussian')]} and {WORDS[hits(d, 'ksg')]} hold",
    ),
    Quote("docs/questions/conditional.md", "conditional_auto.json", lambda d: f"hold all {WORDS[hits(d, 'auto')]}"),
    Quote(
        "docs/questions/conditional.md",
        "conditional_100k.json",
        lambda d: f"off by {max(abs(row['off']) for row in d['results']):.3f} at most",
    ),
    Quote("docs/questions/pointwise.md", "pointwise.json", lambda d: list(pointwise(d))),
    Quote("docs/questions/series.md", "series.json", lambda d: [*linear_series(d), *directions(d)]),
    Quote(
        "docs/accuracy.md",
        "bmi_auto_seed_0.json",
        lambda d: f"{board(d)['solved']} solved, all tight, all intervals hold",
    ),
    Quote(
        "docs/accuracy.md",
        "bmi_auto_1k_seed_0.json",
        lambda d: f"{board(d)['solved']} solved, and {board(d)['covered']} intervals hold",
    ),
    Quote(
        "docs/accuracy.md",
        "bmi_auto_hard_seed_0.json",
        lambda d: f"all {WORDS[board(d)['solved']]}, all tight, and all {WORDS[board(d)['covered']]}",
    ),
    Quote(
        "docs/accuracy.md",
        "high_mi.json",
        lambda d: f"20 nats are found as {next(t for t in tasks(d) if round(t['truth']) == 20)['mean']:.2f}",
    ),
    Quote("docs/bounds.md", "bounds_against_samples.json", lambda d: list(from_samples(d))),
    Quote("docs/bounds.md", "bounds_giwae.json", lambda d: list(giwae(d))),
    Quote("docs/bounds.md", "bounds_decoders.json", lambda d: list(decoders(d))),
    Quote("docs/data.md", "order.json", lambda d: list(alarms(d))),
    Quote("docs/data.md", "extrapolation.json", lambda d: list(extrapolated(d))),
    Quote("docs/speed.md", "critic_speed.json", critic_steps),
    Quote("docs/limits.md", "masked.json", strips),
    Quote("docs/write-an-estimator.md", "subsampling.json", share_held),
    Quote("docs/clusters.md", "engines.json", crowd),
    Quote("docs/questions/pairs.md", "pairs.json", lambda d: list(networks(d))),
    Quote("docs/questions/pairs.md", "screen_cost.json", screened),
    Quote("docs/questions/pairs.md", "screen_discoveries_500.json", share_false),
    Quote("docs/questions/pairs.md", "screen_discoveries_150.json", share_false),
    Quote("docs/questions/rank.md", "ranking.json", lambda d: list(ranked(d))),
    Quote("docs/gallery.md", "gallery.json", lambda d: list(beside(d))),
    Quote("docs/gpu.md", "cuda_report.json", lambda d: list(products(d))),
]
