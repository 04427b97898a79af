"""Models with known densities: built-in ones, and decoders with their training and their files."""
