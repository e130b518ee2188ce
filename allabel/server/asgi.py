"""What each worker process of `allabel serve` runs; it learns by a variable which project it serves."""

import json
import os
from pathlib import Path

from fastapi import FastAPI

from allabel.server.app import make_app

VARIABLE = "ALLABEL_SERVED"


def app() -> FastAPI:
    """Return the application of the project that the variable names."""
    folder, flags = json.loads(os.environ[VARIABLE])
    return make_app(Path(folder), flags)
