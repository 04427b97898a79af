"""`mmg bound` and its picture."""
