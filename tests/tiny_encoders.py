"""Encoders of random weights, small enough to train in a second, and sentences that they can learn."""

from pathlib import Path
from typing import Any

from allabel.testing.lessons import DRUGS, LABELS, lessons

__all__ = ["LABELS", "bert", "distilbert", "lessons", "roberta"]

SPECIAL = ["[PAD]", "[UNK]", "[CLS]", "[SEP]", "[MASK]"]


def bert(folder: Path, **options: Any) -> str:
    """Write a BERT whose drugs are two pieces each, and return its folder."""
    import transformers

    words = sorted({word for sentence in lessons() for word in sentence.words} - set(DRUGS))
    drugs = [piece for word in DRUGS for piece in (word[:3], "##" + word[3:])]
    (folder / "vocab.txt").write_text(
        "\n".join([*SPECIAL, *words, *drugs, *"abcdefgh", *(f"##{c}" for c in "abcdefgh")])
    )
    tokenizer = transformers.BertTokenizerFast(str(folder / "vocab.txt"), do_lower_case=False, model_max_length=40)
    tokenizer.save_pretrained(folder)
    sizes = {"hidden_size": 32, "num_hidden_layers": 3, "num_attention_heads": 4, "intermediate_size": 64}
    config = transformers.BertConfig(
        vocab_size=len(tokenizer), max_position_embeddings=40, initializer_range=0.2, **{**sizes, **options}
    )
    return _written(transformers.BertModel, config, folder)


def distilbert(folder: Path) -> str:
    """Write a DistilBERT with the pieces of `bert`, and return its folder."""
    import transformers

    bert(folder)
    n = len((folder / "vocab.txt").read_text().splitlines())
    config = transformers.DistilBertConfig(vocab_size=n, dim=32, n_layers=3, n_heads=4, hidden_dim=64)
    return _written(transformers.DistilBertModel, config, folder)


def roberta(folder: Path) -> str:
    """Write a RoBERTa with byte-level pieces learned from `lessons`, and return its folder."""
    import tokenizers
    import transformers

    byte_level = tokenizers.ByteLevelBPETokenizer()
    texts = [sentence.text for sentence in lessons()]
    byte_level.train_from_iterator(
        texts,
        vocab_size=320,
        min_frequency=1,
        special_tokens=["<s>", "<pad>", "</s>", "<unk>", "<mask>"],
        show_progress=False,
    )
    byte_level.save_model(str(folder))
    transformers.RobertaTokenizerFast.from_pretrained(folder).save_pretrained(folder)
    config = transformers.RobertaConfig(
        vocab_size=byte_level.get_vocab_size(),
        hidden_size=32,
        num_hidden_layers=3,
        num_attention_heads=4,
        intermediate_size=64,
        max_position_embeddings=42,
        pad_token_id=1,
        bos_token_id=0,
        eos_token_id=2,
        type_vocab_size=1,
    )
    return _written(transformers.RobertaModel, config, folder)


def _written(kind: Any, config: Any, folder: Path) -> str:
    import torch

    from allabel.active.taggers.encoder_network import quiet

    with torch.random.fork_rng(), quiet():
        torch.manual_seed(0)
        kind(config).save_pretrained(folder)
    return str(folder)
