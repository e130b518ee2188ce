"""A comparison as plain text for the terminal."""

from collections.abc import Iterable
from typing import TYPE_CHECKING

from eval.table import Row, aligned

if TYPE_CHECKING:
    from eval.bootstrap import Interval
    from eval.compare.compared import AtBudget, Comparison, Crossing, Curve, Price, Routing, TypeAt


def rendered(compared: "Comparison") -> str:
    """Lay a comparison out: advice first, then tables, then notes. F1 to four digits; types at the largest budget."""
    a, b = compared.a, compared.b
    largest = compared.at_budgets[-1].budget
    texts = {one.budget: _texts(compared.curves, one.budget) for one in compared.at_budgets}
    head = ["F1 at", "texts", a, b, f"{a} less {b}", "95 % interval", "p (Holm)", f"seeds won by {a}", "test texts"]
    types = ["", a, b, f"{a} less {b}", "95 % interval", "gold"]
    tables = [
        [head, *(_at(one, texts[one.budget]) for one in compared.at_budgets)],
        [["crossing in", "first", "then", "at", "95 % interval", "resamples"], *map(_crossing, compared.crossings)],
        [[f"type at {largest}", *types[1:]], *(_type(one) for one in compared.types if one.budget == largest)],
        [_PRICE, *map(_price, compared.prices)],
    ]
    return "\n\n".join(
        [
            f"{a} against {b} on {compared.data}, taught by {compared.strategy}",
            compared.advice,
            *map(aligned, tables),
            *([_routing(compared.routing)] if compared.routing else []),
            "\n".join(f"note: {note}" for note in compared.notes),
        ]
    )


_PRICE = ["per 1,000 texts", "seconds", "prompt tokens", "output tokens", "money", "seconds to learn, once"]


def _texts(curves: Iterable["Curve"], budget: str) -> str:
    """Return the annotated texts of this budget; both arms' where they differ."""
    told = (f"{point.n_texts:.0f}" for curve in curves for point in curve.points if point.budget == budget)
    return " / ".join(dict.fromkeys(told))


def _at(one: "AtBudget", n_texts: str) -> Row:
    numbers = [n_texts, f"{one.a:.4f}", f"{one.b:.4f}", *_interval(one.difference)]
    return [one.budget, *numbers, f"{one.p_holm:.4f}", f"{one.wins} of {one.n_seeds}", str(one.n_docs)]


def _crossing(one: "Crossing") -> Row:
    at = "none" if one.at is None else f"{one.at:.0f}"
    inside = "" if one.at is None or one.low is None else f"{one.low:.0f} to {one.high:.0f}"
    return [one.unit, one.first, one.then, at, inside, f"{one.share:.0%}"]


def _type(one: "TypeAt") -> Row:
    return [one.label, f"{one.a:.4f}", f"{one.b:.4f}", *_interval(one.difference), f"{one.n_gold:.0f}"]


def _price(one: "Price") -> Row:
    money = "" if one.money_per_1000 is None else f"{one.money_per_1000:.2f}"
    tokens = [f"{one.prompt_tokens_per_1000:.0f}", f"{one.output_tokens_per_1000:.0f}"]
    return [one.arm, f"{one.seconds_per_1000:.1f}", *tokens, money, f"{one.fit_seconds:.1f}"]


def _routing(one: "Routing") -> str:
    arms = [[label, arm] for label, arm in one.choice.items()]
    gain, inside = _interval(one.gain)
    said = (
        f"routing by type at {one.budget}, held out: F1 {one.f1:.4f}, the better arm alone {one.best_single:.4f}, "
        f"gain {gain}, 95 % interval {inside}"
    )
    return f"{said}\n{aligned(arms, right=False)}"


def _interval(one: "Interval") -> list[str]:
    return [f"{one.difference:+.4f}", f"{one.low:+.4f} to {one.high:+.4f}"]
