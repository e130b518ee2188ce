"""Comparing annotators with numbers: metrics, experiments, reports."""
