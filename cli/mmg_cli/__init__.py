"""The command line of mmg: a Typer program over `mmg_registry`."""
