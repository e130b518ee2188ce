import time

import pytest
from hypothesis import given
from hypothesis import strategies as st

from allabel.annotate.ground import Grounded, ground, ground_mentions, occurrences
from allabel.annotate.llm.base import Mention
from allabel.annotate.spelling import is_plain, normalised
from allabel.document import Span
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
        ("CH2=CH2", "CH2"),
        ("sodium cyanide", "sodium cyanoborohydride in dry methanol"),
        ("12.5 M HCl", "2.5 M HCl"),
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
        ("ethyl acetate:acetone=10:1", "acetone"),
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
        ("3″-amine", "3''-amine", "3″-amine"),
        ("CuSO4∙5H2O", "CuSO4·5H2O", "CuSO4∙5H2O"),
        ("at −78 °C", "-78 °C", "−78 °C"),
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


def placed(text: str, *mentions: tuple[str, str, int | None], overlap: bool = False) -> Grounded:
    return ground_mentions(text, [Mention(*mention, 0, 0) for mention in mentions], overlap=overlap)


def stand(found: Grounded) -> list[tuple[int | None, str]]:
    return [(p.span.start if p.span else None, p.grounding.value) for p in found.proposals]


def test_an_occurrence_says_which_of_equal_names_is_meant() -> None:
    assert stand(placed("HCl, HCl, HCl", ("C", "HCl", 2))) == [(5, "exact")]
    assert stand(placed("HCl, HCl, HCl", ("C", "HCl", 3), ("C", "HCl", 1))) == [(10, "exact"), (0, "exact")]


def test_occurrences_inside_larger_names_are_not_counted() -> None:
    assert occurrences("n-BuLi, BuLi and t-BuLi", "BuLi") == ((8, 12),)
    assert stand(placed("n-BuLi, BuLi and t-BuLi", ("C", "BuLi", 1))) == [(8, "exact")]


def test_occurrences_of_another_spelling_are_counted_where_there_is_no_exact_one() -> None:
    assert stand(placed("TiO₂ on TiO₂", ("C", "TiO2", 2))) == [(8, "normalised")]


def test_an_occurrence_that_is_not_there_is_ambiguous_on_what_nobody_claims_and_else_missing() -> None:
    assert stand(placed("HCl, HCl", ("C", "HCl", 7))) == [(5, "ambiguous")]
    assert stand(placed("HCl, HCl", ("C", "HCl", 2), ("C", "HCl", 7))) == [(5, "exact"), (0, "ambiguous")]
    assert stand(placed("HCl", ("C", "HCl", 2), ("C", "HCl", 1))) == [(None, "missing"), (0, "exact")]
    assert stand(placed("HCl", *(("C", "HCl", n) for n in range(1, 5)))) == [(0, "exact"), *[(None, "missing")] * 3]
    assert stand(placed("H2O", ("C", "H", 1))) == [(None, "missing")]


def test_the_same_occurrence_twice_is_the_same_entity_twice() -> None:
    found = placed("HCl", ("C", "HCl", 1), ("C", "HCl", 1))
    assert stand(found) == [(0, "exact")] * 2
    assert found.overlapping == ()


def test_listings_without_an_occurrence_claim_what_the_others_leave() -> None:
    assert stand(placed("HCl, HCl", ("C", "HCl", None), ("C", "HCl", 1))) == [(5, "exact"), (0, "exact")]


def test_listings_beyond_the_exact_ones_claim_other_spellings() -> None:
    assert stand(placed("TiO2 on TiO₂", ("C", "TiO2", None), ("C", "TiO2", None))) == [(0, "exact"), (8, "normalised")]
    assert stand(placed("TiO2 on TiO₂", ("C", "TiO2", None))) == [(0, "exact")]


NESTED = ("sodium chloride", (("Salt", "sodium chloride", 1), ("Metal", "sodium", 1)))


def test_nested_entities_stand_where_the_schema_allows_them() -> None:
    found = placed(NESTED[0], *NESTED[1], overlap=True)
    assert [p.span for p in found.proposals] == [Span(0, 15, "Salt"), Span(0, 6, "Metal")]
    assert found.overlapping == ()


def test_elsewhere_the_longest_stands_and_the_others_are_named() -> None:
    found = placed(NESTED[0], *NESTED[1][::-1])
    assert [p.span for p in found.proposals] == [Span(0, 15, "Salt")]
    assert [p.span for p in found.overlapping] == [Span(0, 6, "Metal")]
    assert found.sources == (1,)


def test_of_two_labels_for_one_place_the_first_listed_stands() -> None:
    found = placed("HCl", ("A", "HCl", None), ("B", "HCl", None))
    assert [p.label for p in found.proposals] == ["A"]
    assert [p.label for p in found.overlapping] == ["B"]


def test_a_place_that_is_taken_is_exchanged_for_one_that_is_free() -> None:
    found = placed("sodium chloride and sodium", *NESTED[1])
    assert stand(found) == [(0, "exact"), (20, "ambiguous")]


def test_crossing_entities_are_two_only_where_the_schema_allows_them() -> None:
    crossing = (("C", "acetic acid", 1), ("C", "acid ester", 1))
    assert len(placed("acetic acid ester", *crossing, overlap=True).proposals) == 2
    found = placed("acetic acid ester", *crossing)
    assert [p.mention for p in (*found.proposals, *found.overlapping)] == ["acetic acid", "acid ester"]


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


@given(
    st.text(ALPHABET, max_size=30),
    st.lists(st.tuples(st.text(ALPHABET, max_size=6), st.none() | st.integers(-1, 4)), max_size=6),
    st.booleans(),
)
def test_every_mention_is_somewhere_and_flat_schemas_stay_flat(
    text: str, mentions: list[tuple[str, int | None]], overlap: bool
) -> None:
    listed = [Mention("CD"[i % 2], mention, nth, 0, 0) for i, (mention, nth) in enumerate(mentions)]
    found = ground_mentions(text, listed, overlap=overlap)
    assert len(found.proposals) + len(found.overlapping) == len(mentions)
    assert [(listed[i].label, listed[i].text) for i in found.sources] == [(p.label, p.mention) for p in found.proposals]
    spans = sorted({p.span for p in found.proposals if p.span})
    if overlap:
        assert found.overlapping == ()
    else:
        assert not any(a.overlaps(b) for i, a in enumerate(spans) for b in spans[i + 1 :])
    for p in found.overlapping:
        assert p.span is not None
        assert any(p.span.overlaps(span) for span in spans)


@pytest.mark.parametrize("numbered", [True, False])
@pytest.mark.parametrize("overlap", [True, False])
def test_names_that_stand_at_thousands_of_places_are_grounded_in_no_time(numbered: bool, overlap: bool) -> None:
    n = 3000
    text = "".join(f"HCl and water in {i}, " for i in range(n))
    listed = [
        Mention(label, name, i if numbered else None, 0, 0)
        for label in ("Acid", "Chemical")
        for name in ("HCl", "water")
        for i in range(1, n + 1)
    ]
    began = time.perf_counter()
    got = ground_mentions(text, listed, overlap=overlap)
    assert time.perf_counter() - began < 3
    assert len({p.span for p in got.proposals}) == (4 * n if overlap else 2 * n)
    assert len(got.overlapping) == (0 if overlap else 2 * n)
    assert {p.grounding for p in got.proposals} == {Grounding.EXACT}


def test_a_place_inside_a_longer_mention_stays_that_one_s_until_there_is_no_other() -> None:
    text = "hydrochloric acid, acid"
    listed = [("C", "acid"), ("C", "hydrochloric acid"), ("C", "acid")]
    assert [p.span and (p.span.start, p.span.end) for p in ground(text, listed)] == [(19, 23), (0, 17), (19, 23)]
    assert [p.span and p.span.start for p in ground(text[:17], listed)] == [13, 0, 13]


def test_places_of_one_name_may_cross_one_another_under_one_label_only() -> None:
    text = "water of water of water"
    same, other = (
        ground_mentions(
            text, [Mention("C", "water of water", 1, 0, 0), Mention(label, "water of water", 2, 0, 0)], overlap=False
        )
        for label in "CD"
    )
    assert [p.span and p.span.start for p in same.proposals] == [0, 9]
    assert [p.span and p.span.start for p in other.overlapping] == [9]


@given(st.text(st.sampled_from(" '`-–µa\u00a0\t\n\u200b2′(~"), max_size=12))
def test_a_plain_text_is_its_own_common_spelling(text: str) -> None:
    assert not is_plain(text) or normalised(text).text == text
