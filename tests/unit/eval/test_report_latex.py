import shutil
import subprocess

import numpy as np
import pytest

from allabel.document import DocId
from allabel.reply import Status
from eval.experiments.measured import Cost, Measured, Spot
from eval.report.latex import escaped, table
from eval.report.summary import cells, summaries


def _measured(arm, strategy, budget, n_texts, hits):
    counts = np.array([[[hits, 10, 10]]] * 3)
    docs = tuple(DocId(str(i)) for i in range(3))
    spot = Spot("50 % & more_", 0, strategy, budget, arm)
    return Measured(spot, Cost(n_texts, 1, 1, 1.0), docs, ("A",), counts, {Status.OK: 3}, 0, 0)


MEASURED = [
    _measured("crf_1", "uniform", "5%", 5, 4),
    _measured("crf_1", "uniform", "20%", 20, 6),
    _measured("llm {x} #2", "uniform", "5%", 5, 5),
    _measured("crf_1", "coverage", "5%", 5, 7),
]


@pytest.mark.parametrize(
    ("given", "expected"),
    [
        ("50%", r"50\%"),
        ("a_b & c#d $e$ {f}", r"a\_b \& c\#d \$e\$ \{f\}"),
        ("\\input{x}", r"\textbackslash{}input\{x\}"),
        ("x~y^z", r"x\textasciitilde{}y\textasciicircum{}z"),
        ("<a|b>", r"\textless{}a\textbar{}b\textgreater{}"),
        ("two\nlines", "two lines"),
        ("é 中", "é 中"),
    ],
)
def test_latex_prints_a_name_as_it_is(given, expected) -> None:
    assert escaped(given) == expected


def test_the_table_has_a_line_for_each_strategy_and_arm() -> None:
    found = cells(MEASURED)
    body = table(found, summaries(found)).split("\\midrule\n")[1].split("\n\\bottomrule")[0]
    assert body.split("\n") == [
        r"uniform & crf\_1 & $40.0 \pm 0.0$ & $60.0 \pm 0.0$ \\",
        r" & llm \{x\} \#2 & $50.0 \pm 0.0$ & -- \\",
        r"\addlinespace",
        r"coverage & crf\_1 & $70.0 \pm 0.0$ & -- \\",
    ]


def test_every_line_has_as_many_columns_as_the_head() -> None:
    found = cells(MEASURED)
    text = table(found, summaries(found))
    assert r"\begin{tabular}{llrr}" in text
    assert {line.replace(r"\&", "").count("&") for line in text.split("\n") if line.endswith(r"\\")} == {3}


def test_the_table_compiles(tmp_path) -> None:
    latex = shutil.which("pdflatex")
    if latex is None:
        pytest.skip("no LaTeX is installed: apt-get install texlive-latex-recommended")
    found = cells(MEASURED)
    head = "\\documentclass{article}\\usepackage[T1]{fontenc}\\usepackage{booktabs}\\begin{document}\n"
    (tmp_path / "t.tex").write_text(head + table(found, summaries(found)) + "\\end{document}\n", encoding="utf-8")
    subprocess.run([latex, "-halt-on-error", "-interaction=nonstopmode", "t.tex"], cwd=tmp_path, check=True)
