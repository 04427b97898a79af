"""A plugin whose import fails, as those of strangers do."""

raise ImportError("libfancy.so.3: cannot open shared object file")
