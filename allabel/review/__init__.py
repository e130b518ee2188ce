"""What several people's answers and the model's say of each other: agreement, disputes, anchoring. Plain data in."""
