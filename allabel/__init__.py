"""Choose what to annotate, annotate it, and have the rest tagged by retrieved demonstrations."""

__version__ = "0.1.0"
