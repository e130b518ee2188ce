"""The people who annotate: who they are, which text each has in hand, and what they said of it."""
