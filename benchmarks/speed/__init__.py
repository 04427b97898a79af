"""The compiled core against PyTorch: training steps and evaluations of the same network, side by side in one run.

    python -m benchmarks.speed [--output FILE] [-k EXPRESSION] [--wait SECONDS]

Rates are counted in the network's nominal arithmetic, two passes of every row in full (`cases.Cell.flop`), the same
count for every side. Every side does fewer: what both passes share is computed once, and nothing is propagated back to
the inputs. `cases.Cell.needed_flop` counts what is left, so that a rate above that of a matrix product can be judged.
"""
