"""Annotators: an LLM behind a server, or a CRF on board, both behind `Annotator`."""
