"""The project's memory: SQL tables behind `Store`, with an append-only history."""
