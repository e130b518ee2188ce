"""Fine-tuned taggers and token-level active learning: the other path, compared with demonstrations on one budget."""
