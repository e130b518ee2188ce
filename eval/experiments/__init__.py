"""Experiments: one file names data, budgets, strategies, annotators and seeds; every prediction of theirs is kept."""
