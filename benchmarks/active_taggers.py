"""The taggers of `active_learning.py`, the levers of its table of F1, and a masked language model of a corpus."""

import tempfile
from collections.abc import Mapping, Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
from tagged_sentences import CORPORA, read, small_encoder

from allabel.active.base import TokenTagger

# What all-MiniLM-L6-v2 likes; DistilBERT on a GPU would be given 5e-5.
RATE = 6e-4
MLM_EPOCHS = 3
# One thing changed at a time from the plain script: (of the tagger, of its training).
PLAIN: Mapping[str, Any] = {"epochs": 15, "learning_rate": 3e-4, "warmup": 0.0, "held_out": 0.0, "patience": None}
LEVERS: Mapping[str, tuple[Mapping[str, Any], Mapping[str, Any]]] = {
    "plain": ({}, {"precision": "float32", "buckets": False}),
    "bfloat16, length buckets": ({}, {}),
    "CRF": ({"crf": True, "constrained": True, "head_learning_rate": 2e-3}, {}),
}


def encoder_tagger(labels: Sequence[str], encoder: str, layers: int, n_steps: int = 120) -> TokenTagger:
    """Return the tagger that is trained anew in each round: no held-out sentences, for there are 15 at first.

    n_steps: so many updates, or as many as one pass has.
    """
    from allabel.active.taggers.encoder import EncoderTagger
    from allabel.active.taggers.fitting import Training

    training = Training(
        epochs=1,
        min_steps=n_steps,
        learning_rate=5e-5 if encoder else RATE,
        held_out=0.0,
        patience=None,
    )
    return EncoderTagger(
        labels,
        encoder=encoder or str(small_encoder()),
        layers=layers or None,
        freeze_embeddings=True,
        training=training,
    )


def deep_tagger(labels: Sequence[str], n_epochs: int = 4, *, incremental: bool = True) -> TokenTagger:
    """Return the paper's network; an incremental one learns for a few epochs a round, on all that is annotated."""
    from allabel.active.taggers.cnn_cnn_lstm import CnnCnnLstmTagger
    from allabel.active.taggers.networks.tagger import TRAINING

    training = replace(TRAINING, epochs=n_epochs, min_steps=150)
    return CnnCnnLstmTagger(labels, training=training, incremental=incremental)


def lever_tagger(arm: str, encoder: str) -> TokenTagger:
    """Return the tagger of one row of the table of what mattered."""
    from allabel.active.taggers.encoder import EncoderTagger
    from allabel.active.taggers.fitting import Training

    options, training = LEVERS[arm]
    named = {"encoder": encoder or str(small_encoder())}
    return EncoderTagger(CORPORA["bc5cdr"].labels, training=Training(**{**PLAIN, **training}), **named, **options)


def masked_lm_of(corpus: str, data: Path) -> Path:
    """Return a masked language model of a corpus's own texts: the encoder with a head, trained here.

    all-MiniLM-L6-v2 has no head any more, and no other masked model can be had without a hub.
    """
    import torch
    import transformers

    kept = Path(tempfile.gettempdir()) / f"allabel-mlm-{corpus}"
    if (kept / "config.json").exists():
        return kept
    torch.manual_seed(0)
    rng = np.random.default_rng(0)
    transformers.logging.set_verbosity_error()
    tokenizer = transformers.AutoTokenizer.from_pretrained(small_encoder())
    model = transformers.AutoModelForMaskedLM.from_pretrained(small_encoder())
    texts = [s.text for s in read(data, corpus)[0]]
    of_batch = transformers.DataCollatorForLanguageModeling(tokenizer, mlm_probability=0.15)
    optimizer = torch.optim.AdamW(model.parameters(), lr=3e-4)
    model.train()
    for _ in range(MLM_EPOCHS):
        order = sorted(rng.permutation(len(texts)).tolist(), key=lambda i: len(texts[i]) // 40)
        batches = [order[i : i + 32] for i in range(0, len(order), 32)]
        for i in rng.permutation(len(batches)).tolist():
            told = [tokenizer(texts[j], truncation=True, max_length=128) for j in batches[i]]
            with torch.autocast("cpu", dtype=torch.bfloat16):
                loss = model(**of_batch(told)).loss
            loss.backward()
            optimizer.step()
            optimizer.zero_grad()
    model.save_pretrained(kept)
    tokenizer.save_pretrained(kept)
    return kept
