"""Models with known densities: built-in ones, decoders, their training and their files."""
