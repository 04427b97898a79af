"""Speed of the compiled core and of PyTorch: training steps and evaluations of the same network in one run.

    python -m benchmarks.speed [--output FILE] [-k EXPRESSION] [--wait SECONDS]

Rates are counted in the network's nominal arithmetic, two full passes of every row (`cases.Cell.flop`), which is the
same count for every side. Every side does less: what both passes share is computed once, and no gradient is propagated
back to the inputs. `cases.Cell.needed_flop` counts what is left, to judge rates above that of a matrix product.
"""
