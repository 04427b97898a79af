"""`python -m mmg_registry` runs the program `mmg`, whatever package holds it: the one that the distribution declares."""

from importlib import metadata

from mmg_registry.registry import HOME

if __name__ == "__main__":
    (program,) = metadata.distribution(HOME).entry_points.select(group="console_scripts", name="mmg")
    program.load()()
