"""What is counted, for Prometheus: never a text, a label's mention or a key.

Several processes count together, in files of the folder that PROMETHEUS_MULTIPROC_DIR names; `allabel serve` sets it.
"""

import os

from prometheus_client import (
    CONTENT_TYPE_LATEST,
    CollectorRegistry,
    Counter,
    Gauge,
    Histogram,
    disable_created_metrics,
    generate_latest,
)
from prometheus_client.multiprocess import MultiProcessCollector

VARIABLE = "PROMETHEUS_MULTIPROC_DIR"
disable_created_metrics()  # type: ignore[no-untyped-call]  # the one function there without types
REGISTRY = CollectorRegistry()
REQUESTS = Counter("allabel_requests_total", "Requests answered", ["path", "method", "status"], registry=REGISTRY)
SECONDS = Histogram(
    "allabel_request_seconds",
    "From a request's first byte to its answer's last",
    ["path"],
    buckets=(0.005, 0.01, 0.02, 0.04, 0.06, 0.1, 0.25, 0.5, 1, 2.5, 5, 10, 30, 60),
    registry=REGISTRY,
)
TEXTS = Counter("allabel_texts_total", "Texts tagged", ["backend"], registry=REGISTRY)
REPLIES = Counter("allabel_replies_total", "Replies by how they ended", ["backend", "status"], registry=REGISTRY)
UNDER_WAY = Gauge(
    "allabel_requests_under_way", "Requests being answered", registry=REGISTRY, multiprocess_mode="livesum"
)
DEMONSTRATIONS = Gauge(
    "allabel_demonstrations", "Annotated texts that can be shown", registry=REGISTRY, multiprocess_mode="livemax"
)


def exposition() -> tuple[bytes, str]:
    """Return the figures of all processes as Prometheus reads them, and their media type."""
    registry = REGISTRY
    if VARIABLE in os.environ:
        registry = CollectorRegistry()
        MultiProcessCollector(registry)  # type: ignore[no-untyped-call]  # another one there without types
    return generate_latest(registry), CONTENT_TYPE_LATEST
