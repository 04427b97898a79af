"""`python -m mmg_registry` runs the program `mmg` that the distribution declares, whichever package contains it."""

from importlib import metadata

from mmg_registry.entry_points import HOME

if __name__ == "__main__":
    (program,) = metadata.distribution(HOME).entry_points.select(group="console_scripts", name="mmg")
    program.load()()
