from allabel.annotate.ungrounded import Ungrounded, UngroundedRate, ungrounded, ungrounded_rates
from allabel.document import DocId, Span
from allabel.reply import Grounding, Proposal, Reply, Status, TaggedDocument


def tagged(name: str, model: str, *proposals: Proposal) -> TaggedDocument:
    return TaggedDocument(DocId(name), "HCl", Reply(Status.OK, proposals), "chat", model)


HERE = Proposal("C", "HCl", Span(0, 3, "C"), Grounding.EXACT)
DOUBTFUL = Proposal("C", "HCl", Span(0, 3, "C"), Grounding.AMBIGUOUS)
LOST = Proposal("C", "zinc", None, Grounding.MISSING)
OTHER = Proposal("D", "heat", None, Grounding.MISSING)
ALL = [tagged("1", "small", HERE, LOST, OTHER), tagged("2", "large", HERE), tagged("3", "small", DOUBTFUL, LOST)]


def test_the_inbox_names_text_label_mention_and_model() -> None:
    assert ungrounded(ALL) == [
        Ungrounded(DocId("1"), "C", "zinc", "small"),
        Ungrounded(DocId("1"), "D", "heat", "small"),
        Ungrounded(DocId("3"), "C", "zinc", "small"),
    ]


def test_rates_are_by_model_and_label() -> None:
    rates = ungrounded_rates(ALL)
    assert rates == [
        UngroundedRate("large", "C", 0, 1),
        UngroundedRate("small", "C", 2, 4),
        UngroundedRate("small", "D", 1, 1),
    ]
    assert [rate.rate for rate in rates] == [0.0, 0.5, 1.0]


def test_what_stands_across_another_mention_is_listed_as_that_and_is_no_part_of_the_rate() -> None:
    across = Proposal("C", "HCl gas", None, Grounding.OVERLAPPING)
    documents = [tagged("1", "small", HERE, across, LOST)]
    assert [one.grounding for one in ungrounded(documents)] == [Grounding.OVERLAPPING, Grounding.MISSING]
    assert ungrounded_rates(documents) == [UngroundedRate("small", "C", 1, 3, n_overlapping=1)]


def test_nothing_tagged_has_no_rate() -> None:
    assert ungrounded([]) == []
    assert ungrounded_rates([]) == []
