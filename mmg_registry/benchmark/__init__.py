"""Benchmarks: tasks with known answers, runs that survive a kill, and published criteria.

`tasks` and `suites` hold the tasks, `runner` runs plugins on them (each run in a process of its own), `store` keeps the
results (one JSON line for each run), and `criteria` judges them. The command is `mmg benchmark`. `mnist` holds the
suite whose answers are ratios of informations, on images of the user's: `mmg benchmark mnist`.
"""
