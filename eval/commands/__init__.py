"""The commands of `allabel eval`, a module each."""
