"""What more than two variables share: total correlation, dual total correlation, O- and S-information.

`interactions` is the entry point (`mmg_registry.interactions`).
"""
