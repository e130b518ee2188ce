"""The packages of the extra `finetune`: a test module that takes them from here is skipped where they are not."""

import pytest

torch = pytest.importorskip("torch", reason="the extra finetune is not installed: torch")
transformers = pytest.importorskip("transformers", reason="the extra finetune is not installed: transformers")
