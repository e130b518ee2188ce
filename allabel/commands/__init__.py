"""Commands with a module of their own; the others stand in `allabel.cli`."""
