"""The server: documents in, entities out, for callers who know nothing of active learning."""
