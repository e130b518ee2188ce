"""Rare entity types: resampling, undersampling and augmentation of what a tagger learns from, and losses."""
