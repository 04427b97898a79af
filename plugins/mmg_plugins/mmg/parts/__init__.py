"""The parts of a recipe, one kind of part in each file: see `mmg_plugins.mmg.recipe.Recipe`."""
