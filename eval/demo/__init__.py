"""The demonstration: the main job on a small corpus of synthesis procedures written for this project."""
