import pytest
from hypothesis import given
from hypothesis import strategies as st

from allabel.annotate.ground import ground
from allabel.reply import Grounding


def found(text: str, mention: str) -> tuple[str | None, str]:
    (proposal,) = ground(text, [("C", mention)])
    span = proposal.span
    return (None if span is None else text[span.start : span.end]), proposal.grounding.value


@pytest.mark.parametrize(
    ("text", "mention"),
    [
        ("Co and other metals", "CO"),
        ("water is H2O", "H"),
        ("water is H₂O", "H"),
        ("n-BuLi in hexane", "BuLi"),
        ("1,3-dichloroethane", "1,"),
        ("1,3-dichloroethane", "1"),
        ("1,3-dichloroethane", "1,3"),
        ("1,3-dichloroethane", "3-dichloroethane"),
        ("1,3-dichloroethane", "dichloroethane"),
        ("sodium borohydride in dry methanol", "sodium cyanoborohydride in dry methanol"),
        ("2.5 M HCl", "5 M HCl"),
        ("tert-butanol", "butanol"),
        ("4-nitrophenol", "4"),
        ("N-acetylcysteine", "N"),
        ("n-butanol", "n"),
        ("(S)-warfarin", "S"),
        ("(S)-warfarin", "warfarin"),
        ("methyl-benzene", "methyl"),
        ("methyl-benzene", "benzene"),
        ("hexa-1,3-diene", "hexa-1,3"),
        ("Fe(CO)5", "CO"),
        ("Fe(CO)5", "Fe"),
        ("(NH4)2SO4", "NH4"),
        ("(NH4)2SO4", "2SO4"),
        ("Na(+) and Na+ ions", "Na"),
        ("Ca²⁺ ions", "Ca"),
        ("CuSO4·5H2O", "CuSO4"),
        ("CuSO4.5H2O", "5H2O"),
        ("4,4'-bipyridine", "4,4"),
        ("4,4′-bipyridine", "bipyridine"),
        ("DMF-DMA", "DMF"),
        ("benzene-1,4-diol", "benzene"),
        ("metha\u00adnol", "metha"),
        ("e\u0301ther", "e"),
        ("İ", "i"),
        ("NaCl", "nacl"),
        ("NaCl", ""),
        ("NaCl", " "),
        ("ﬁlm", "f"),
    ],
)
def test_a_mention_is_never_found_inside_a_larger_name(text: str, mention: str) -> None:
    assert found(text, mention) == (None, "missing")


@pytest.mark.parametrize(
    ("text", "mention"),
    [
        ("acid (HCl) was", "HCl"),
        ("HCl, then", "HCl"),
        ("We add HCl.", "HCl"),
        ('"HCl"', "HCl"),
        ("‘HCl’", "HCl"),
        ("HCl/water", "HCl"),
        ("HCl/water", "water"),
        ("HCl,water", "HCl"),
        ("mono- and NaCl- or", "NaCl"),
        ("DMF/water", "DMF"),
        ("an acid-base reaction", "acid"),
        ("an acid-base reaction", "base"),
        ("cocaine-induced", "cocaine"),
        ("cocaine - induced", "cocaine"),
        ("fentanyl-induced rigidity", "fentanyl"),
        ("vitamin C-induced", "vitamin C"),
        ("carbamazepine (CBZ)-induced", "CBZ"),
        ("interleukin-2-induced", "interleukin-2"),
        ("5-FU-treated", "5-FU"),
        ("benzene’s smell", "benzene"),
        ("benzene—a solvent", "benzene"),
        ("a benzene–water mixture", "benzene"),
        ("1,3-dichloroethane.", "1,3-dichloroethane"),
        ("2.5 M HCl", "HCl"),
        ("acetone(5 mL)", "acetone"),
        ("a HCl+NaOH mix", "HCl"),
        ("K+ channel", "K+"),
        ("İ HCl", "HCl"),
    ],
)
def test_a_mention_that_stands_by_itself_is_found_as_it_is(text: str, mention: str) -> None:
    assert found(text, mention) == (mention, "exact")


@pytest.mark.parametrize(
    ("text", "mention", "raw"),
    [
        ("İİ TiO₂ film", "TiO2", "TiO₂"),
        ("5 µM of it", "5 μM", "5 µM"),
        ("4,4′-bipyridine", "4,4'-bipyridine", "4,4′-bipyridine"),
        ("1,3‐dichloroethane", "1,3-dichloroethane", "1,3‐dichloroethane"),
        ("acetic\u00a0\n acid", "acetic acid", "acetic\u00a0\n acid"),
        ("a ﬂuoride", "fluoride", "ﬂuoride"),
        ("cafe\u0301 ether", "caf\u00e9 ether", "cafe\u0301 ether"),
        ("metha\u00adnol.", "methanol", "metha\u00adnol"),
        ("Ca²⁺ ions", "Ca2+", "Ca²⁺"),
        ("in HCl now", " HCl ", "HCl"),
    ],
)
def test_another_spelling_of_the_same_characters_points_at_the_raw_text(text: str, mention: str, raw: str) -> None:
    assert found(text, mention) == (raw, "normalised")


def test_a_spelling_never_cuts_a_character_in_two() -> None:
    assert found("3½", "31")[0] is None


def test_listing_every_occurrence_claims_them_in_order() -> None:
    proposals = ground("HCl and HCl", [("C", "HCl"), ("C", "HCl")])
    assert [(p.span.start if p.span else None, p.grounding) for p in proposals] == [
        (0, Grounding.EXACT),
        (8, Grounding.EXACT),
    ]


def test_fewer_listings_than_occurrences_are_ambiguous() -> None:
    (proposal,) = ground("HCl and HCl", [("C", "HCl")])
    assert proposal.span is not None
    assert (proposal.span.start, proposal.grounding) == (0, Grounding.AMBIGUOUS)


def test_a_listing_beyond_the_last_occurrence_repeats_it() -> None:
    proposals = ground("only HCl", [("C", "HCl")] * 3)
    assert {p.span for p in proposals} == {proposals[0].span}


def test_the_same_mention_under_two_labels_is_claimed_by_each() -> None:
    proposals = ground("HCl", [("A", "HCl"), ("B", "HCl")])
    assert [p.span.label if p.span else None for p in proposals] == ["A", "B"]


def test_a_short_mention_leaves_the_inside_of_a_longer_listed_one_alone() -> None:
    acid, whole = ground("hydrochloric acid is an acid", [("C", "acid"), ("C", "hydrochloric acid")])
    assert (acid.span and acid.span.start, acid.grounding) == (24, Grounding.EXACT)
    assert whole.span is not None
    assert whole.span.start == 0


def test_proposals_keep_the_order_of_the_reply() -> None:
    assert [p.mention for p in ground("a bb ccc", [("C", "ccc"), ("C", "x"), ("C", "a")])] == ["ccc", "x", "a"]


ALPHABET = st.sampled_from(list("aHCl2 -,.'()+/₂⁺µﬁİ́\u00a0–"))


@given(st.text(ALPHABET, max_size=30), st.lists(st.text(ALPHABET, max_size=6), max_size=5))
def test_every_span_lies_in_the_text_and_exact_ones_repeat_it(text: str, mentions: list[str]) -> None:
    for proposal in ground(text, [("C", mention) for mention in mentions]):
        if proposal.span is None:
            assert proposal.grounding is Grounding.MISSING
        else:
            assert proposal.span.end <= len(text)
            if proposal.grounding is Grounding.EXACT:
                assert text[proposal.span.start : proposal.span.end] == proposal.mention
