"""Models on the Hugging Face hub: whether a name is a folder, and whether the hub can be asked."""

import os
import urllib.error
import urllib.request
from pathlib import Path

HUB = "https://huggingface.co"
HUB_TIMEOUT_S = 5.0


def is_folder(model: str) -> bool:
    """Tell whether a model is named by the path of a folder, there or not, rather than by its name on the hub."""
    return model.startswith((".", "/", "~")) or model.count("/") > 1 or Path(model).exists()


def offline() -> bool:
    """Tell whether the variables forbid asking the hub."""
    names = ("HF_HUB_OFFLINE", "TRANSFORMERS_OFFLINE")
    return any(os.environ.get(name, "").upper() in {"1", "ON", "YES", "TRUE"} for name in names)


def reachable() -> bool:
    """Ask the hub for a sign of life: its packages try for over a minute before they give up."""
    hub = os.environ.get("HF_ENDPOINT", HUB)
    if offline() or not hub.startswith(("http://", "https://")):
        return False
    try:
        asked = urllib.request.Request(hub, method="HEAD")  # noqa: S310  the scheme was looked at above
        with urllib.request.urlopen(asked, timeout=HUB_TIMEOUT_S):  # noqa: S310  as above  # nosec B310
            return True
    except urllib.error.HTTPError:
        return True
    except OSError:
        return False
