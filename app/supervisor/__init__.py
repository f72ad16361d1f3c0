"""Everything in one foreground process group: what `make run` starts."""
