"""The span editor by mouse, and the offsets of texts that browsers and Python count differently."""

import pytest
from editing import Case

pytestmark = [pytest.mark.e2e, pytest.mark.enable_socket]

TEXT = "Use (R)-BINAP, 3',5'-di-tert-butylphenol (99%) and Na+ in ethyl acetate."


@pytest.mark.parametrize(
    ("start", "end", "mention"),
    [
        (8, 10, "(R)-BINAP"),
        (22, 27, "3',5'-di-tert-butylphenol"),
        (42, 45, "99%"),
        (51, 53, "Na+"),
        (60, 66, "ethyl acetate"),
    ],
)
def test_a_drag_is_snapped_to_whole_words(case: Case, start: int, end: int, mention: str) -> None:
    case.show(TEXT).drag(start, end)
    assert case.mentions == [(mention, "Solvent")]


def test_a_drag_with_alt_takes_characters(case: Case) -> None:
    case.show(TEXT).drag(58, 61, alt=True)
    assert case.mentions == [(TEXT[58:61], "Solvent")]


def test_a_double_click_takes_the_word_and_the_pen_is_the_label_used_last(case: Case) -> None:
    case.show(TEXT).page.mouse.dblclick(*case.point(22))
    case.keys("2")
    case.page.mouse.dblclick(*case.point(60))
    assert case.mentions == [("3',5'-di-tert-butylphenol", "Reagent"), ("ethyl", "Reagent")]


@pytest.mark.parametrize("suggested", ["Solvent", "Reagent"])
def test_a_drag_over_a_suggestion_says_what_it_is(case: Case, suggested: str) -> None:
    mark = {"start": 58, "end": 71, "label": suggested, "score": 0.5, "source": "embedded", "demonstrations": []}
    case.show({"text": TEXT, "suggestions": [mark]}, "The next text.").drag(60, 66)
    assert case.mentions == [("ethyl acetate", "Solvent")]
    assert not case.page.query_selector_all(".se-suggested")
    case.keys("Enter")
    assert case.entities(case.wait("save")) == [(58, 71, "Solvent")]


def test_with_the_pen_off_a_selection_waits_for_a_key(case: Case) -> None:
    case.show(TEXT).page.click(".se-pen")
    case.drag(60, 66)
    assert case.mentions == []
    case.keys("c")
    assert case.mentions == [("ethyl acetate", "Catalyst")]


def test_a_click_makes_an_entity_active_and_clicking_on_goes_outwards(case: Case) -> None:
    case.show({"text": TEXT, "entities": [[58, 71, "Solvent"], [64, 71, "Reagent"]]}, overlap=True)
    case.page.mouse.click(*case.point(66))
    assert case.said.startswith("“acetate”")
    case.page.mouse.click(*case.point(66))
    assert case.said.startswith("“ethyl acetate”")
    case.page.mouse.click(*case.point(1))
    assert case.page.query_selector(".se-option[aria-selected=true]") is None


def test_the_buttons_do_what_the_keys_do(case: Case) -> None:
    case.show(TEXT, "The next text.").drag(60, 66)
    case.page.click("[data-do=undo]")
    assert case.mentions == []
    case.page.click("[data-do=redo]")
    case.page.click(".se-label[data-label=Catalyst]")
    assert case.mentions == [("ethyl acetate", "Catalyst")]
    case.page.click(".se-option")
    case.page.click("[data-do=enter]")
    assert case.entities(case.wait("save")) == [(58, 71, "Catalyst")]


UNICODE = "A 🧪👩‍🔬 of 𝛼-pinene\twas añejo; then\r\nבנזן ב-THF\nand e\u0301ther 🇪🇺 end"


def test_offsets_count_code_points_with_emoji_tabs_combining_marks_and_right_to_left(case: Case) -> None:
    case.show(UNICODE, "The next text.")
    for mention, fine in (("𝛼-pinene", False), ("בנזן", False), ("e\u0301ther", False), ("🇪🇺", True), ("THF", True)):
        at = UNICODE.index(mention)
        start = len(UNICODE[:at].encode("utf-16-le")) // 2
        end = start + len(mention.encode("utf-16-le")) // 2
        if fine:
            case.drag(start, end, alt=True)
        else:
            case.page.mouse.dblclick(*case.point(start + 2))
    mentions = ["𝛼-pinene", "בנזן", "THF", "e\u0301ther", "🇪🇺"]
    assert case.mentions == [(mention, "Solvent") for mention in mentions]
    case.keys("Enter")
    saved = case.wait("save")
    assert [UNICODE[start:end] for start, end, _ in case.entities(saved)] == mentions


def test_the_text_on_the_page_is_the_text_exactly(case: Case) -> None:
    case.show({"text": UNICODE, "entities": [[2, 3, "Solvent"]]})
    lines = case.page.eval_on_selector_all(".se-line", "lines => lines.map((line) => line.textContent)")
    assert "\n".join(lines) == UNICODE


def test_what_was_marked_in_code_points_is_drawn_where_it_was_meant(case: Case) -> None:
    at = UNICODE.index("e\u0301ther")
    case.show({"text": UNICODE, "entities": [[at, at + 6, "Solvent"]]})
    assert case.mentions == [("e\u0301ther", "Solvent")]
    assert case.page.inner_text(".se-seg") == "e\u0301ther"


def test_a_grapheme_is_never_split_by_characters_either(case: Case) -> None:
    case.show("👩‍🔬 e\u0301t").keys("Alt+Shift+ArrowRight", "Alt+Shift+ArrowRight", "1")
    assert case.mentions == [("👩‍🔬 e\u0301", "Solvent")]
    case.keys("Alt+Shift+ArrowLeft", "Alt+Shift+ArrowLeft")
    assert case.mentions == [("👩‍🔬", "Solvent")]
    case.keys("Alt+Shift+ArrowLeft")
    assert case.said == "It cannot go further that way."


def test_in_right_to_left_text_the_left_arrow_goes_on(case: Case) -> None:
    case.show("בנזן ומים כאן").keys("ArrowLeft", "Shift+ArrowLeft", "1")
    assert case.mentions == [("ומים כאן", "Solvent")]
