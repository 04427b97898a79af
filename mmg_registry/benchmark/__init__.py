"""Benchmarks: tasks with known answers, runs that survive a kill, criteria that are published.

`tasks` and `suites` say what there is to solve, `runner` runs it (one process a run), `store` keeps what was found
(one JSON line a run), `criteria` judges it, `machine` says where. The command is `mmg benchmark`. `mnist` holds the
suite whose answers are ratios, on images of the user's: `mmg benchmark mnist`.
"""
