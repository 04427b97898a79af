"""`mmg benchmark`: runs, tables, pictures and the report page."""
