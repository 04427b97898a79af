"""A process that calls functions for another: `python -m mmg_registry.engines PIPE PARENT`, see `process`."""

from __future__ import annotations

import sys

from mmg_registry.engines.process import serve

if __name__ == "__main__":
    serve(*map(int, sys.argv[1:]))
