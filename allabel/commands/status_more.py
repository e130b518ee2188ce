"""What `allabel status` works out when it is asked: whether to stop, and what language models were asked."""

from typing import TYPE_CHECKING, Any

from allabel.console import say

if TYPE_CHECKING:
    from allabel.project import Project
    from allabel.stopping.base import Signal


def stopping(project: "Project") -> "list[Signal]":
    """Return the project's four stop signals; what is being worked out is said on standard error.

    They are measured with the embedded annotator, whatever backend tags: it learns anew in about a second.
    """
    from allabel.annotate.backends import embedded
    from allabel.stopping.rounds import rounds
    from allabel.stopping.signals import stop_signals

    picks = sorted(project.store.picks(), key=lambda pick: (pick.selection_id, pick.rank))
    stages: dict[tuple[int, str], int] = {}
    for pick in picks:
        stages.setdefault((pick.selection_id, pick.stage), len(stages))
    return stop_signals(
        project.pool(),
        project.demonstrations(),
        rounds(project.store.annotations(), {p.doc_id: stages[p.selection_id, p.stage] for p in picks}),
        embedded(project.schema, project.settings),
        project.similarity,
        shots=project.settings.shots,
        progress=say,
    )


def journalled(project: "Project") -> dict[str, Any]:
    """Return the journal of calls in figures; money by the settings' prices, None where no model has one."""
    summary, prices = project.store.calls_summary(), project.settings.prices
    priced = [
        (prices[m.model].prompt * m.n_prompt_tokens + prices[m.model].output * m.n_output_tokens) / 1e6
        for m in summary.models
        if m.model in prices
    ]
    return {
        "texts": summary.n_calls,
        "requests": summary.n_requests,
        "statuses": dict(summary.by_status),
        "prompt_tokens": summary.n_prompt_tokens,
        "output_tokens": summary.n_output_tokens,
        "latency_p50_s": summary.latency_p50_s,
        "latency_p95_s": summary.latency_p95_s,
        "money": sum(priced) if priced else None,
        "models": {
            m.model: {"texts": m.n_calls, "prompt_tokens": m.n_prompt_tokens, "output_tokens": m.n_output_tokens}
            for m in summary.models
        },
        "without_price": [m.model for m in summary.models if m.model not in prices],
    }


def calls_in_words(journal: dict[str, Any]) -> str:
    """Say what language models were asked, in lines."""
    if not journal["texts"]:
        return "\nno language model was asked yet"
    statuses = ", ".join(f"{n:,} {status}" for status, n in journal["statuses"].items())
    lines = [
        "",
        "what language models were asked",
        f"  texts      {journal['texts']:,}: {statuses}",
        f"  requests   {journal['requests']:,}",
        f"  tokens     {journal['prompt_tokens']:,} in prompts, {journal['output_tokens']:,} in outputs",
    ]
    if journal["latency_p50_s"] is not None:
        lines.append(f"  latency    median {journal['latency_p50_s']:.2f} s, 95 % {journal['latency_p95_s']:.2f} s")
    if journal["money"] is not None:
        missing = journal["without_price"]
        lines.append(f"  money      {journal['money']:.4g}" + (f", without {', '.join(missing)}" if missing else ""))
    return "\n".join([*lines, f"  models     {', '.join(journal['models'])}"])


def as_data(signals: "list[Signal]") -> dict[str, Any]:
    """Return signals and what they say together, for JSON."""
    from allabel.stopping.base import overall

    rows = [
        {"signal": s.name, "verdict": s.verdict.value, "sentence": s.sentence, "values": dict(s.values)}
        for s in signals
    ]
    return {"signals": rows, "overall": overall(signals), "measured_with": "embedded"}


def in_words(signals: "list[Signal]") -> str:
    """Say what the signals say, a line each."""
    from allabel.stopping.base import overall

    lines = ["", "when to stop (measured with the embedded annotator)"]
    lines += [f"  {s.verdict.value:11}  {s.name}: {s.sentence}" for s in signals]
    return "\n".join([*lines, f"  {overall(signals)}"])
