"""`mmg plugins`: listing, checking and starting plugins."""
