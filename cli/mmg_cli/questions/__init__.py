"""Commands that ask more than `mmg estimate` does, one a file; each prints and writes a `Quantity`."""
