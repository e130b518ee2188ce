"""Texts in, ranked texts out; knows nothing of entities."""
