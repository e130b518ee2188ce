"""Tagging files of any size: block by block, in constant memory, resumable, in one process or on many machines."""
