"""`mmg benchmark`: runs, tables, figures and the report page."""
