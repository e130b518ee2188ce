"""Models made to do harm that torch reads: pickles in the place of weights and checkpoints, code beside a model."""

import contextlib
import io
import json
import pickle
from collections.abc import Iterator
from pathlib import Path

from hostile_cases import Case, Payload, folder_of, packed

from allabel.document import DocId
from allabel.errors import AllabelError


def models(folder: Path) -> Iterator[tuple[str, Case]]:
    """Cases of models that torch reads: pickles in the place of weights, checkpoints, and code beside a model."""
    import torch

    from allabel.active.sentence import Sentence
    from allabel.active.taggers.bilstm import BiLstmTagger, LstmSizes
    from allabel.active.taggers.checkpoint import Checkpoint, State
    from allabel.active.taggers.encoder_network import load_encoder, load_tokenizer
    from allabel.active.taggers.fitting import Training

    payload = pickle.dumps(Payload(folder))
    saved = io.BytesIO()
    torch.save({"format": 1, "of": {}, "network": Payload(folder)}, saved)
    network = torch.nn.Linear(2, 2)

    def restore(path: Path) -> None:
        Checkpoint(path, {}).restore(network, torch.optim.AdamW(network.parameters()), State())

    # What the packages load and make when they are first used is theirs, and no payload's.
    Checkpoint(folder / "sound.pt", {}).keep(network, torch.optim.AdamW(network.parameters()), State())
    restore(folder / "sound.pt")

    def encoder(path: Path) -> None:
        load_encoder(str(path), ["O"], None, torch.device("cpu"), pretrained=False)

    with contextlib.suppress(AllabelError):
        encoder(_encoder(folder, "first", b""))
    for kind, data in (
        ("pickle", payload),
        ("torch", saved.getvalue()),
        ("nothing", b""),
        ("zip", packed({"a": b"x"})),
    ):
        path = folder / f"checkpoint-{kind}.pt"
        path.write_bytes(data)
        yield f"a checkpoint of {kind}", (path, restore)
        yield f"an encoder of {kind}", (_encoder(folder, kind, data), encoder)
    place = folder_of(folder, "an encoder with code of its own")
    maps = {
        "AutoConfig": "evil.Config",
        "AutoModelForTokenClassification": "evil.Model",
        "AutoTokenizer": ["evil.T", None],
    }
    (place / "config.json").write_text(json.dumps({"model_type": "evil", "auto_map": maps}))
    (place / "tokenizer_config.json").write_text(json.dumps({"tokenizer_class": "T", "auto_map": maps}))
    (place / "evil.py").write_text(f"open({str(folder / 'ran')!r}, 'w').close()\n")
    yield (
        "an encoder with code of its own",
        (place, lambda path: load_encoder(str(path), ["O"], None, torch.device("cpu"))),
    )
    yield "a tokenizer with code of its own", (place, lambda path: load_tokenizer(str(path)))
    for kind, data in (("pickle", payload), ("torch", saved.getvalue())):
        place = folder_of(folder, f"a network of {kind}")
        (place / "tagger.json").write_text(json.dumps({"tagger": "bilstm", "format": 1, "labels": ["A"]}))
        (place / "weights.safetensors").write_bytes(data)
        yield f"a network of {kind}", (place, BiLstmTagger.load)
    place = folder / "a network that lies"
    tagger = BiLstmTagger(["drug"], training=Training(epochs=1), sizes=LstmSizes(word=8, character=4, state=8))
    tagger.fit([Sentence.of_words(DocId("a"), ["give", "aspirin"], ["O", "B-drug"])], seed=0)
    tagger.save(place)
    BiLstmTagger.load(place)
    told = json.loads((place / "tagger.json").read_text())
    told["options"]["sizes"]["word"] = 10**9
    (place / "tagger.json").write_text(json.dumps(told))
    yield "a network that lies of its size", (place, BiLstmTagger.load)


def _encoder(folder: Path, kind: str, weights: bytes) -> Path:
    place = folder_of(folder, f"an encoder of {kind}")
    bert = {"model_type": "bert", "hidden_size": 8, "num_hidden_layers": 1, "num_attention_heads": 1}
    (place / "config.json").write_text(json.dumps({**bert, "vocab_size": 8, "intermediate_size": 8}))
    (place / "pytorch_model.bin").write_bytes(weights)
    return place
