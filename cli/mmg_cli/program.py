"""The program `mmg` from its arguments to its exit code: its commands, and its handling of exceptions."""

from __future__ import annotations

import sys
from collections.abc import Sequence
from typing import Annotated, Any

import typer

from mmg_cli import configuration, doctor, estimate, interruption, plot, rerun, sample, train_model
from mmg_cli.benchmark import command as benchmark
from mmg_cli.benchmark import mnist as benchmark_mnist
from mmg_cli.bound import command as bound
from mmg_cli.common import Quiet, Verbose
from mmg_cli.interruption import INTERRUPTED
from mmg_cli.invocation import invocation
from mmg_cli.output import print_error, say, verbosity
from mmg_cli.plugins import command as plugins
from mmg_cli.questions import (
    compare,
    divergence,
    entropy,
    independence,
    interactions,
    lags,
    pairs,
    pmi,
    rank,
    storage,
    transfer,
)
from mmg_registry.errors import MMGError
from mmg_registry.threads import NO_THREADS, refused_threads

EPILOG = """\b
Exit codes:
  0    all went well
  1    the run failed, or its result could not be written
  2    wrong usage: an unknown, out-of-range or contradictory option
  3    a plugin is missing or broken, or the model given to a command is
  4    the data were refused: missing, unreadable or unfit
  130  interrupted with Ctrl-C
Errors are one sentence on stderr; -vv adds the traceback.
"""
# Typer has its own copy of click since 0.2x and imports click before; this is the base of usage errors in both.
UsageProblem: type[Any] = typer.BadParameter.__mro__[2]

app = typer.Typer(
    help="Estimate mutual information from paired samples, with error bars.",
    epilog=EPILOG,
    rich_markup_mode=None,  # rich would double the time that --help takes
    pretty_exceptions_enable=False,
    context_settings={"help_option_names": ["--help", "-h"]},
)
app.command("estimate")(estimate.estimate)
app.command("compare")(compare.compare)
app.command("rank")(rank.rank)
app.command("pairs")(pairs.pairs)
app.command("test")(independence.independence)
app.command("entropy")(entropy.entropy)
app.command("divergence")(divergence.divergence)
app.command("interactions")(interactions.interactions)
app.command("pmi")(pmi.pmi)
app.command("bound")(bound.bound)
app.command("train-model")(train_model.train_model)
app.command("plot")(plot.plot)
app.command("rerun")(rerun.rerun)
app.command("sample")(sample.sample)
app.command("lags")(lags.lags)
app.command("transfer")(transfer.transfer)
app.command("storage")(storage.storage)
app.command("doctor")(doctor.doctor)
benchmark.app.command("mnist")(benchmark_mnist.mnist)
app.add_typer(benchmark.app, name="benchmark")
app.add_typer(plugins.app, name="plugins")


def _print_version(value: bool) -> None:
    if value:
        from mmg_registry import __version__

        print(f"mmg {__version__}")
        raise typer.Exit


@app.callback(invoke_without_command=True)
def root(
    context: typer.Context,
    version: Annotated[
        bool, typer.Option("--version", callback=_print_version, is_eager=True, help="Print the version.")
    ] = False,
    no_config: Annotated[
        bool, typer.Option("--no-config", help="Take no defaults from mmg.toml or pyproject.toml.")
    ] = False,
    quiet: Quiet = False,
    verbose: Verbose = 0,
) -> None:
    """Estimate mutual information from paired samples, with error bars."""
    if context.invoked_subcommand is None:
        print(context.get_help())


def run(args: Sequence[str]) -> int:
    """Run the program on `args` and return its exit code; never raise."""
    verbosity.reset()
    invocation.words = []
    try:
        program = typer.main.get_command(app)
        invocation.words = configuration.put_in(program, args)
        code = program.main(args=invocation.words, prog_name="mmg", standalone_mode=False)
        sys.stdout.flush()
    except BaseException as error:
        return _report(error)
    return _interrupted() if code == INTERRUPTED else int(code or 0)


def _report(error: BaseException) -> int:
    """Print `error` as one sentence and return its exit code."""
    if isinstance(error, SystemExit):
        return error.code if isinstance(error.code, int) else 1
    if isinstance(error, (KeyboardInterrupt, typer.Abort)) or interruption.pressed():
        return _interrupted()
    if isinstance(error, BrokenPipeError):
        return 1
    print_error(error, _sentence(error))
    return int(getattr(error, "exit_code", 1)) if isinstance(error, (MMGError, UsageProblem)) else 1


def _sentence(error: BaseException) -> str:
    if isinstance(error, MMGError):
        return f"{error}{_hint(error)}"
    if isinstance(error, UsageProblem):
        return _usage_sentence(error)
    if isinstance(error, MemoryError):
        return "The memory did not suffice; give fewer rows, or smaller values of the plugin's size options."
    if refused_threads(error):
        return f"The run {NO_THREADS}."
    return f"The run failed with {type(error).__name__}: {_first_line(error)}.{_HINT}"


_HINT = " (-vv prints the traceback.)"


def _hint(error: MMGError) -> str:
    """Return a hint at -vv if the traceback tells more than the sentence: for an error in the code of a plugin."""
    foreign = error.exit_code in (1, 3) and error.__cause__ is not None and not isinstance(error.__cause__, OSError)
    return _HINT if foreign and verbosity.level < 2 else ""


def _usage_sentence(error: Any) -> str:
    context = getattr(error, "ctx", None)
    command = context.command_path if context else "mmg"
    return f"{' '.join(error.format_message().split())} ('{command} --help' lists what there is.)"


def _first_line(error: BaseException) -> str:
    lines = str(error).strip().splitlines()
    return lines[0].rstrip(".") if lines else "it gave no reason"


def _interrupted() -> int:
    say(interruption.WORD)
    return INTERRUPTED
