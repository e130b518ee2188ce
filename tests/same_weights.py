"""The log-probabilities of given replies by transformers, on the weights that tests/with_vllm.py has served.

Run by the Python of the server's own environment, which holds torch, transformers and xgrammar: python same_weights.py
MODEL_FOLDER. Standard input: a JSON list of {"messages", "json_schema" (or null), "tokens" (each token's bytes as
Latin-1)}. Standard output: reply by reply the n_prompt_tokens, and the log-probabilities of the model itself (`raw`)
and of the model among the tokens that the schema allows there (`masked`). In float32: the weights are bfloat16, as the
server computes, but rounding is to be on its side alone.
"""

import json
import sys
from typing import Any

import torch
import xgrammar
from transformers import AutoModelForCausalLM, AutoTokenizer


def token_ids(tokenizer: Any) -> dict[bytes, int]:
    """Return the id of each token by the bytes it writes. Byte-level BPE: each character stands for a byte."""
    plain = [*range(0x21, 0x7F), *range(0xA1, 0xAD), *range(0xAE, 0x100)]
    others = [byte for byte in range(256) if byte not in plain]
    byte_of = {chr(byte): byte for byte in plain} | {chr(256 + n): byte for n, byte in enumerate(others)}
    found = {}
    for token, id in tokenizer.get_vocab().items():
        special = token in tokenizer.all_special_tokens
        found[token.encode() if special else bytes(byte_of[char] for char in token)] = id
    return found


class Grammars:
    """The same grammars as the server's: xgrammar, no free white space."""

    def __init__(self, tokenizer: Any, n_vocabulary: int) -> None:
        info = xgrammar.TokenizerInfo.from_huggingface(tokenizer, vocab_size=n_vocabulary)
        self._compiler = xgrammar.GrammarCompiler(info, max_threads=1)
        self._n = n_vocabulary

    def mask(self, schema: Any, ids: list[int]) -> torch.Tensor:
        """Return which tokens the schema allows at each place of a reply: (n_tokens, n_vocabulary) of bool."""
        grammar = self._compiler.compile_json_schema(json.dumps(schema), any_whitespace=False, separators=(",", ":"))
        matcher = xgrammar.GrammarMatcher(grammar)
        words = xgrammar.allocate_token_bitmask(len(ids), self._n)
        for i, id in enumerate(ids):
            matcher.fill_next_token_bitmask(words, i)
            assert matcher.accept_token(id), f"the schema does not allow token {id} at {i}"
        bits = (words.unsqueeze(-1) >> torch.arange(32)) & 1
        return bits.reshape(len(ids), -1)[:, : self._n].bool()


def main() -> None:
    folder, replies = sys.argv[1], json.load(sys.stdin)
    tokenizer = AutoTokenizer.from_pretrained(folder)
    model = AutoModelForCausalLM.from_pretrained(folder, dtype=torch.float32).eval()
    known, grammars = token_ids(tokenizer), Grammars(tokenizer, model.config.vocab_size)
    json.dump([scored(model, tokenizer, grammars, known, reply) for reply in replies], sys.stdout)


@torch.inference_mode()
def scored(model: Any, tokenizer: Any, grammars: Grammars, known: dict[bytes, int], reply: Any) -> dict[str, Any]:
    ids = [known[token.encode("latin-1")] for token in reply["tokens"]]
    prompt = tokenizer.apply_chat_template(reply["messages"], add_generation_prompt=True, return_dict=False)
    # The logits at a place are those of the token behind it.
    logits = model(torch.tensor([prompt + ids]), logits_to_keep=len(ids) + 1).logits[0, :-1].float()
    allowed = None if reply["json_schema"] is None else grammars.mask(reply["json_schema"], ids)
    return {
        "n_prompt_tokens": len(prompt),
        "raw": logprobs(logits, ids),
        "masked": None if allowed is None else logprobs(logits.masked_fill(~allowed, -torch.inf), ids),
    }


def logprobs(logits: torch.Tensor, ids: list[int]) -> list[float]:
    return torch.log_softmax(logits, dim=-1)[torch.arange(len(ids)), torch.tensor(ids)].tolist()


if __name__ == "__main__":
    main()
