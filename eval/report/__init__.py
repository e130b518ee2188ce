"""The report of an experiment: one HTML page without a network, and its numbers as CSV, Parquet and LaTeX."""
