"""Other packages, each measured in an environment of its own."""
