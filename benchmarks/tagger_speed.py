"""How quick are fine-tuned taggers? Training, scoring and BALD beside the plain way, ratios of one run.

python benchmarks/tagger_speed.py [--quick] [--json] [--encoder NAME] [--epochs 2]

Training: our loop beside a `Trainer` of transformers with every sentence padded to 128 pieces, the same encoder,
sentences, batch size, epochs and updates. Scoring: `predict_proba` beside that model over batches padded to 128.
BALD: `sample` with 100 passes beside one `predict_proba`. float32 is the plain way's precision; auto is bfloat16
where the device has it.
"""

import argparse
import json
import os
import sys
import tempfile
import time
import warnings
from collections.abc import Callable, Sequence
from functools import partial
from pathlib import Path
from typing import Any

os.environ.setdefault("HF_HUB_OFFLINE", "1")
os.environ.setdefault("TQDM_DISABLE", "1")

import torch
import transformers
from tagged_sentences import CORPORA, DATA, draw, small_encoder

from allabel.active.sentence import Sentence, tag_set
from allabel.active.taggers.cnn_cnn_lstm import CnnCnnLstmTagger
from allabel.active.taggers.encoder import EncoderTagger
from allabel.active.taggers.fitting import Training

LABELS = CORPORA["bc5cdr"].labels
PADDED, BATCH = 128, 16


def padded(sentences: Sequence[Sentence], tokenizer: Any) -> list[dict[str, Any]]:
    """Return what the plain way learns from: first pieces labelled, all padded to the same length."""
    tags = tag_set(LABELS)
    found = []
    for sentence in sentences:
        coded = tokenizer(
            list(sentence.words), is_split_into_words=True, padding="max_length", truncation=True, max_length=PADDED
        )
        labels, last = [], None
        for word in coded.word_ids():
            known = word is not None and word != last
            labels.append(tags.index(sentence.tags[word] or "O") if known else -100)
            last = word
        found.append({"input_ids": coded["input_ids"], "attention_mask": coded["attention_mask"], "labels": labels})
    return found


def plain_training(rows: Sequence[dict[str, Any]], encoder: str, epochs: int) -> tuple[float, Any]:
    model = transformers.AutoModelForTokenClassification.from_pretrained(encoder, num_labels=len(tag_set(LABELS)))
    with tempfile.TemporaryDirectory() as folder:
        arguments = transformers.TrainingArguments(
            folder,
            num_train_epochs=epochs,
            per_device_train_batch_size=BATCH,
            learning_rate=3e-4,
            save_strategy="no",
            logging_strategy="no",
            report_to=[],
            disable_tqdm=True,
            dataloader_pin_memory=False,
            seed=0,
        )
        trainer = transformers.Trainer(model=model, args=arguments, train_dataset=list(rows))
        return clock(trainer.train), model.eval()


def plain_scoring(rows: Sequence[dict[str, Any]], model: Any) -> None:
    with torch.inference_mode():
        for start in range(0, len(rows), 32):
            part = rows[start : start + 32]
            given = {key: torch.tensor([row[key] for row in part]) for key in ("input_ids", "attention_mask")}
            model(**{key: value.to(model.device) for key, value in given.items()}).logits.softmax(-1).cpu()


def clock(work: Callable[[], Any]) -> float:
    began = time.perf_counter()
    work()
    return time.perf_counter() - began


def measure(data: Path, encoder: str, epochs: int, n: int) -> dict[str, Any]:
    pool, _ = draw("bc5cdr", 0, n, 0, data)
    tokenizer = transformers.AutoTokenizer.from_pretrained(encoder)
    rows = padded(pool, tokenizer)
    # Both sides once before the clock: the first call pays for what both share.
    plain_training(rows[:BATCH], encoder, 1)
    tagger_of("auto", encoder, 1).fit(pool[:BATCH], seed=0)
    plain_s, model = plain_training(rows, encoder, epochs)
    plain_scored_s = clock(lambda: plain_scoring(rows, model))
    found: dict[str, Any] = {}
    for precision in ("float32", "auto"):
        ours = tagger_of(precision, encoder, epochs)
        ours_s = clock(partial(ours.fit, pool, seed=0))
        scored_s = least(partial(ours.predict_proba, pool))
        found[f"training, {precision}"] = {
            "plain_s": plain_s,
            "ours_s": ours_s,
            "steps_per_s": epochs * -(-n // BATCH) / ours_s,
            "ratio": plain_s / ours_s,
            "bar": 1.5,
        }
        found[f"scoring, {precision}"] = {
            "plain_s": plain_scored_s,
            "ours_s": scored_s,
            "sentences_per_s": n / scored_s,
            "ratio": plain_scored_s / scored_s,
            "bar": 2.0,
        }
    small = CnnCnnLstmTagger(LABELS)
    small.fit(pool[: n // 2], seed=0)
    for name, tagger, some in (("encoder", ours, pool[: n // 4]), ("cnn_cnn_lstm", small, pool)):
        one_s = least(partial(tagger.predict_proba, some))
        many_s = clock(partial(tagger.sample, some, 100, 0))
        found[f"BALD, {name}"] = {"one_pass_s": one_s, "100_passes_s": many_s, "ratio": many_s / one_s, "at_most": 25}
    return found


def tagger_of(precision: str, encoder: str, epochs: int) -> EncoderTagger:
    training = Training(epochs=epochs, learning_rate=3e-4, held_out=0.0, patience=None, precision=precision)
    return EncoderTagger(LABELS, encoder=encoder, training=training)


def least(work: Callable[[], Any]) -> float:
    """Return the shortest of three times: what else runs on the machine only adds."""
    return min(clock(work) for _ in range(3))


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--quick", action="store_true", help="100 sentences, one epoch")
    parser.add_argument("--json", action="store_true", help="one object with every figure, on standard output")
    parser.add_argument("--data", type=Path, default=DATA)
    parser.add_argument("--encoder", default="", help="name or folder; all-MiniLM-L6-v2 where none is given")
    parser.add_argument("--epochs", type=int, default=2)
    parser.add_argument("--sentences", type=int, default=456)
    options = parser.parse_args()
    if not options.data.exists():
        print(f"skipped: the data are not at {options.data}")
        return
    warnings.simplefilter("ignore")
    transformers.logging.set_verbosity_error()
    n, epochs = (100, 1) if options.quick else (options.sentences, options.epochs)
    found = measure(options.data, options.encoder or str(small_encoder()), epochs, n)
    out = sys.stderr if options.json else sys.stdout
    for name, figures in found.items():
        told = figures if not isinstance(figures, dict) else {k: round(v, 4) for k, v in figures.items()}
        print(f"{name:22} {told}", file=out)
    if options.json:
        print(json.dumps(found))


if __name__ == "__main__":
    main()
