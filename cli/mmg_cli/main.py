"""The entry of the program `mmg`: Ctrl-C is taken care of before anything slow is imported, and until the end."""

# Not even `annotations` is imported from `__future__`, which is a file to read.
import os
import sys

try:
    from mmg_cli import interruption
except KeyboardInterrupt:
    os._exit(130)


def main() -> None:
    """Run the program on `sys.argv` and exit with its code."""
    interruption.exits()
    from mmg_cli.program import run  # Typer and all commands
    from mmg_cli.streams import flush_quietly, open_closed

    open_closed()
    try:
        interruption.is_raised()
        code = run(sys.argv[1:])
    except KeyboardInterrupt:  # while the outcome was being printed
        code = interruption.INTERRUPTED
    interruption.exits()
    flush_quietly()
    if code == interruption.INTERRUPTED:  # ending the worker processes at exit would change the code
        os._exit(code)
    sys.exit(code)
