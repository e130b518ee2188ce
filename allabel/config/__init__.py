"""Settings: flags, then `ALLABEL_*` variables, then the project's `allabel.toml`, then defaults."""

from allabel.config.reading import FILE_NAME, has_password, load
from allabel.config.settings import HIDDEN, SECRETS, Settings
from allabel.config.tables import TABLES, Finetune, ModelPrice, Serve

__all__ = [
    "FILE_NAME",
    "HIDDEN",
    "SECRETS",
    "TABLES",
    "Finetune",
    "ModelPrice",
    "Serve",
    "Settings",
    "has_password",
    "load",
]
