"""When to stop annotating: four signals, each a number with a verdict and a sentence. Plain data in, no project."""
