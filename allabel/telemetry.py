"""No package that works for us reports its use to its makers."""

import os

# What switches each package's reports off, in the words of its own documentation; they are read at its import.
VARIABLES = {
    "DO_NOT_TRACK": "1",  # huggingface_hub, transformers, vllm, and whoever else keeps to donottrack.sh
    "HF_HUB_DISABLE_TELEMETRY": "1",
    "RAY_USAGE_STATS_ENABLED": "0",
    "VLLM_NO_USAGE_STATS": "1",
}


def report_nothing() -> None:
    """Switch off the reports of packages that are not imported yet, here and in processes begun from here.

    A variable that is set stands: whoever wants to report sets it so.
    """
    for name, value in VARIABLES.items():
        os.environ.setdefault(name, value)
