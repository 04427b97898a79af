"""Instructions that a kernel's innermost loops spend on each product of the tensor cores, from its disassembly.

This needs cuobjdump and nvdisasm, from the CUDA toolkit or the packages nvidia-cuda-cuobjdump and nvidia-cuda-nvdisasm.
"""

from __future__ import annotations

import re
import shutil
import subprocess
from collections.abc import Iterator
from pathlib import Path

FUNCTION, PRODUCT = "Function :", "HMMA"
LINE = re.compile(r"^\s+/\*([0-9a-f]{4,})\*/\s+(.*?);", re.MULTILINE)
JUMP = re.compile(r"\bBRA\b.*?(0x[0-9a-f]+)\s*$")


def available() -> bool:
    return bool(shutil.which("cuobjdump") and shutil.which("nvdisasm"))


def disassemble(binary: Path) -> str:
    """Return the disassembly of a binary.

    Raises:
        subprocess.CalledProcessError: when cuobjdump cannot read the file.
    """
    return subprocess.run(["cuobjdump", "-sass", str(binary)], capture_output=True, text=True, check=True).stdout


def functions(text: str) -> Iterator[tuple[str, list[tuple[int, str]]]]:
    """Yield the name of each function, and its instructions with their addresses."""
    for part in text.split(FUNCTION)[1:]:
        yield part.split()[0], [(int(found[1], 16), found[2]) for found in LINE.finditer(part)]


def per_product(instructions: list[tuple[int, str]]) -> list[float]:
    """Return the instructions on a product of each innermost loop with products, in the order of the code.

    Example:
        >>> text = '''Function : f
        ...     /*0000*/ MOV R1, R2 ;
        ...     /*0010*/ LDSM.16.M88.4 R4, [R1] ;
        ...     /*0020*/ HMMA.16816.F32.BF16 R8, R4, R6, R8 ;
        ...     /*0030*/ @P0 BRA 0x10 ;
        ...     /*0040*/ EXIT ;'''
        >>> [per_product(body) for _, body in functions(text)]
        [[3.0]]
    """
    found = []
    for begin, end in _innermost(instructions):
        body = [what for _, what in instructions[begin : end + 1]]
        products = sum(PRODUCT in what for what in body)
        found += [len(body) / products] if products else []
    return found


def _innermost(instructions: list[tuple[int, str]]) -> list[tuple[int, int]]:
    """Return the first and the last instruction of each backward jump that contains no other."""
    index = {address: i for i, (address, _) in enumerate(instructions)}
    loops = [(index[target], i) for i, (address, what) in enumerate(instructions)
             for target in _targets(what) if target in index and target <= address]  # fmt: skip
    return [one for one in loops if not any(other != one and _holds(one, other) for other in loops)]


def _targets(what: str) -> list[int]:
    found = JUMP.search(what)
    return [int(found[1], 16)] if found else []


def _holds(one: tuple[int, int], other: tuple[int, int]) -> bool:
    return one[0] <= other[0] and other[1] <= one[1]
