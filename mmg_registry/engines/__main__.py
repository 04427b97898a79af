"""The process of one isolated work: `python -m mmg_registry.engines WORK.json OUTCOME.json PARENT`, see `apart`."""

from __future__ import annotations

import json
import os
import sys
from pathlib import Path

from mmg_registry.engines.apart import follow
from mmg_registry.engines.perform import outcome
from mmg_registry.engines.work import Resources, Work


def main(asked: str, found: str, parent: str) -> None:
    """Do the work that one file describes, and write its outcome to another, which is there once it is whole."""
    follow(int(parent))
    work = json.loads(Path(asked).read_text())
    result = outcome(Work(**{**work, "resources": Resources(**work["resources"]), "isolated": False}))
    Path(f"{found}.part").write_text(json.dumps(result))
    os.replace(f"{found}.part", found)


if __name__ == "__main__":
    main(*sys.argv[1:])
