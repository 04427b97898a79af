"""The parts that a recipe is put together from, one file a part: see `mmg_plugins.mmg.recipe.Recipe`."""
