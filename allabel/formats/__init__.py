"""One module a format, reader and writer together."""
