"""MINDE in its two forms, conditional and joint: integrated distances between scores."""
