"""Two annotators on one budget: differences, where the curves cross, prices, and advice."""
