"""The engine "mpi": the ranks of an MPI program, by mpi4py.futures."""

from __future__ import annotations

from concurrent.futures import Executor

from mmg_registry.engines.engine import Place
from mmg_registry.errors import OptionError, demand


def open_mpi(place: Place) -> Executor:
    """Return an executor on the ranks of this program, which is started as `mpiexec -n N python -m mpi4py.futures ..`.

    The options are those of `mpi4py.futures.MPIPoolExecutor`. MPI ends a program of which a rank dies; then the run has
    to be resumed.

    Raises:
        ImportError: when mpi4py is not installed.
        OptionError: for an address, or when mpi4py finds no MPI.
    """
    demand(place.address is None, "The engine 'mpi' takes no address; mpiexec says where its ranks are.")
    try:
        from mpi4py.futures import MPIPoolExecutor
    except RuntimeError as error:
        raise OptionError("The engine 'mpi' finds no library of MPI; install or load one, such as MPICH.") from error

    executor: Executor = MPIPoolExecutor(place.jobs, **place.options)
    return executor
