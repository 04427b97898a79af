"""Published packages beside this one, each in an environment of its own; `python -m benchmarks.peers` runs them."""
