"""Strings of letters, such as DNA: position by position a letter of x and one of y, from a table of its own."""

from __future__ import annotations

import numpy as np

from mmg_registry.limits import demand_value
from mmg_registry.samplers.contract import Sampler, product_of
from mmg_registry.samplers.tables import of_table

CONCENTRATION = 2.0  # of the Dirichlet law of each table: some 0.1 nats a position


def sequences(length: int = 8, letters: int = 4, seed: int = 0) -> Sampler:
    """Return two strings of `length` letters as codes 0, 1 ..; positions are independent of one another.

    The table of a position is a draw of a Dirichlet law, fixed by `seed`; the information is the sum over positions.
    After the discrete sequences of InfoSEDD, whose positions have equal informations.

    Raises:
        OptionError: for no position, or fewer than two letters.
    """
    demand_value(length >= 1, "length", length, "1 or more")
    demand_value(letters >= 2, "letters", letters, "2 or more")
    tables = np.random.default_rng(seed).dirichlet(np.full(letters**2, CONCENTRATION), length)
    parts = [of_table("letter", table.reshape(letters, letters)) for table in tables]
    return product_of(f"sequences-{length}-{letters}", parts)
