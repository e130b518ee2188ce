"""Which texts are worth an expert's time: one strategy a file, all behind `Stage`."""
