"""`mmg bound` and its plot."""
