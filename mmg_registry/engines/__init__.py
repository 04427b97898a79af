"""Where work runs: on this machine or on the cluster that people have, through `concurrent.futures.Executor`.

A `work.Work` names a function and plain arguments; `run.carry_out` has it called by the workers of an engine, each of
which appends its rows to a file of its own (`shards`). An engine is a function that returns an executor (`engine`).
"""
