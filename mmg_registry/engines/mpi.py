"""The engine "mpi": the ranks of an MPI program, by mpi4py.futures."""

from __future__ import annotations

from concurrent.futures import Executor

from mmg_registry.engines.engine import Place
from mmg_registry.errors import demand


def open_mpi(place: Place) -> Executor:
    """Return an executor on the ranks of this program, which is started as `mpiexec -n N python -m mpi4py.futures ..`.

    The options are those of `mpi4py.futures.MPIPoolExecutor`. MPI ends a program of which a rank dies; then the run has
    to be resumed.

    Raises:
        ImportError: when mpi4py is not installed, or finds no MPI.
        OptionError: for an address.
    """
    demand(place.address is None, "The engine 'mpi' takes no address; mpiexec says where its ranks are.")
    from mpi4py.futures import MPIPoolExecutor

    executor: Executor = MPIPoolExecutor(place.jobs, **place.options)
    return executor
