"""Questions about single words: `component.ask` shows them one by one, and gives back what the person said."""
