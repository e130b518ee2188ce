"""Forms of the reply: how entities are asked for and written down."""
