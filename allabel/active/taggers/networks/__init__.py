"""The small networks, part by part, and how they are trained and asked."""
