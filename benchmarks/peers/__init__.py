"""Published packages beside ours, each in an environment of its own; `python -m benchmarks.peers` runs them."""
