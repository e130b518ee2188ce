"""The comparison: LLM with demonstrations, fine-tuned and on board, on one budget; experiments of `allabel eval run`.

python benchmarks/comparison.py main|small|llm|nerre [--out FOLDER] [--jobs 1] [--base-url http://127.0.0.1:8130/v1]
    [--model smol] [--no-llm] [--dry-run]

main: ALLabel's main comparison with the annotator on board, on nerre_general, uspto_ord and bc5cdr.
small: the same with the small language model, two ways of choosing.
llm: the small language model, MiniLM fine-tuned and the annotator on board on bc5cdr, at 2, 5, 10 and 20 %.
nerre: NERRE's recorded GPT-3 and Llama-2 beside the annotator on board and the small model, on the published folds.
What is done stays in the folder; a rerun does what is missing. Then: allabel eval report FOLDER -o report.html
"""

import argparse
import os
import subprocess
import sys
from pathlib import Path

from corpora import DATA
from tagged_sentences import small_encoder

CORPORA = """
[[data]]
source = "nerre_general"

[[data]]
source = "uspto_ord"

[[data]]
source = "bc5cdr"
"""

MAIN = """
name = "ALLabel's main comparison, the annotator on board"
seeds = 3
budgets = ["5%", "10%", "20%", "100%"]
strategies = ["uniform", "core_set", "uniform:1,perplexity:4", "allabel", "adaptive"]
test_texts = 800
{corpora}
[[annotators]]
name = "on board"
backend = "embedded"

[[compare]]
a = "on board by allabel"
b = "on board by uniform"

[[compare]]
a = "on board by adaptive"
b = "on board by uniform"
"""

SMALL = """
name = "ALLabel's main comparison, a small language model"
seeds = 3
budgets = ["10%", "100%"]
strategies = ["uniform", "allabel"]
test_texts = 100
{corpora}{llm}
[[compare]]
a = "SmolLM2 by allabel"
b = "SmolLM2 by uniform"
"""

LLM = """
name = "LLM, fine-tuned or on board? bc5cdr, with small stand-ins"
seeds = 3
budgets = ["2%", "5%", "10%", "20%"]
strategies = ["adaptive"]
test_texts = 800

[[data]]
source = "bc5cdr"

[[annotators]]
name = "MiniLM"
tagger = "distilbert"
encoder = "{encoder}"

[[annotators]]
name = "on board"
backend = "embedded"
{llm}
[[compare]]
a = "MiniLM"
b = "on board"
{pairs}
"""

NERRE = """
name = "NERRE's recorded GPT-3 and Llama-2, on the published folds"
seeds = 5
budgets = ["100%"]
strategies = ["uniform"]

[[data]]
source = "nerre_general"
folds = "nerre_general/folds.json"

[[annotators]]
name = "on board"
backend = "embedded"
{llm}
[[recorded]]
name = "GPT-3, fine-tuned (recorded)"
data = "nerre_general"
files = "nerre_general/predictions/gpt3/run_{{seed}}.jsonl"
format = "nerre"

[[recorded]]
name = "Llama-2, fine-tuned (recorded)"
data = "nerre_general"
files = "nerre_general/predictions/llama2/run_{{seed}}.jsonl"
format = "nerre"
"""

ASKED = """
[[annotators]]
name = "SmolLM2"
backend = "chat"
base_url = "{base_url}"
model = "{model}"
shots = {shots}
test_texts = {texts}
"""
PAIRS = '\n[[compare]]\na = "SmolLM2"\nb = "MiniLM"\n\n[[compare]]\na = "SmolLM2"\nb = "on board"\n'


def text(options: argparse.Namespace) -> str:
    """Return the experiment's file."""
    if options.experiment == "main":
        return MAIN.format(corpora=CORPORA)
    shots = 8 if options.experiment == "llm" else 4
    asked = (
        ""
        if options.no_llm
        else ASKED.format(base_url=options.base_url, model=options.model, shots=shots, texts=options.texts)
    )
    if options.experiment == "small":
        return SMALL.format(corpora=CORPORA, llm=asked)
    if options.experiment == "nerre":
        return NERRE.format(llm=asked)
    return LLM.format(encoder=small_encoder(), llm=asked, pairs="" if options.no_llm else PAIRS)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("experiment", choices=("main", "small", "llm", "nerre"))
    parser.add_argument("--out", type=Path)
    parser.add_argument("--data", type=Path, default=DATA)
    parser.add_argument("--jobs", type=int, default=1)
    parser.add_argument("--base-url", default="http://127.0.0.1:8130/v1")
    parser.add_argument("--model", default="smol")
    parser.add_argument("--texts", type=int, default=100, help="test texts of the language model")
    parser.add_argument("--no-llm", action="store_true", help="leave the language model out")
    parser.add_argument("--dry-run", action="store_true")
    options = parser.parse_args()
    if not options.data.exists():
        print(f"skipped: the data are not at {options.data}")
        return
    out = options.out or Path("runs") / options.experiment
    out.parent.mkdir(parents=True, exist_ok=True)
    file = out.with_suffix(".toml")
    file.write_text(text(options), encoding="utf-8")
    command = [sys.executable, "-c", "from allabel.cli import main; main()", "eval", "run", str(file)]
    command += ["--out", str(out), "--jobs", str(options.jobs), *(["--dry-run"] if options.dry_run else [])]
    environment = os.environ | {"ALLABEL_DATA": str(options.data.absolute()), "HF_HUB_OFFLINE": "1"}
    sys.exit(subprocess.run(command, env=environment, check=False).returncode)


if __name__ == "__main__":
    main()
