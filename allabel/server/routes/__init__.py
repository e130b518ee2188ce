"""The server's own addresses, one module a matter."""
