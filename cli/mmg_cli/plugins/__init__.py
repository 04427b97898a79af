"""`mmg plugins`: commands that list, describe, check and begin plugins."""
