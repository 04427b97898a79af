"""Doors for other packages: the quick test where they ask for a test of independence.

    causal_learn  a name for `indep_test` of causal-learn's searches
    tigramite     a `CondIndTest` for PCMCI and its kin
    pgmpy         a `ci_test` for pgmpy's searches

Each imports the package when it is called; `pip install mmg-registry[discovery]` installs all three.
"""
