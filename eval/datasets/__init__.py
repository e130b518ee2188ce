"""Corpora with gold by name, from the user's own files, or from a hub: documents to draw pools from and to test on."""

from eval.datasets.base import DataSet
from eval.datasets.opening import open_data, open_files

__all__ = ["DataSet", "open_data", "open_files"]
