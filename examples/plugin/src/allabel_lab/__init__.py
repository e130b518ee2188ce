"""A strategy, a format and a backend for allabel, each in one module."""
