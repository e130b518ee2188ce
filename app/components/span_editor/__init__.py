"""The span editor: `component.span_editor` shows it, `data` is what it is given, `ops` what it gives back."""
