"""What the command that starts the app and the app itself agree on: the folder, the hosts, the colours."""

# The folder of the project, for the script that streamlit runs.
FOLDER = "ALLABEL_APP_FOLDER"
LOCAL_HOSTS = ("localhost", "127.0.0.1", "::1")

# Text on these, and these on the page, have a contrast of 4.5 or more (WCAG AA).
_LIGHT = {
    "primaryColor": "#0B6396",
    "backgroundColor": "#FFFFFF",
    "secondaryBackgroundColor": "#F2F5F7",
    "textColor": "#0C1318",
    "borderColor": "#C3CDD4",
    "linkColor": "#0B5F90",
}
_DARK = {
    "primaryColor": "#2678AD",
    "backgroundColor": "#14191D",
    "secondaryBackgroundColor": "#1F272D",
    "textColor": "#E6EBEE",
    "borderColor": "#43505A",
    "linkColor": "#7CC0EA",
}

_SHAPE = {
    "theme.showWidgetBorder": "true",
    "theme.baseRadius": "6px",
    "theme.headingFontSizes": '["2rem","1.45rem","1.2rem"]',
    "theme.metricValueFontSize": "1.6rem",
    "theme.paddingTop": "3.5rem",
}


def theme() -> dict[str, str]:
    """Return the light and the dark theme as options of streamlit; the browser's wish chooses."""
    sides = (("light", _LIGHT), ("dark", _DARK))
    colours = {f"theme.{side}.{name}": value for side, values in sides for name, value in values.items()}
    return colours | {**_SHAPE}
