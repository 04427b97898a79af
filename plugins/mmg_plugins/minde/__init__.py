"""MINDE in its two forms: distances between scores."""
