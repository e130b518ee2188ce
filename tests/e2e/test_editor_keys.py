"""Every key of the span editor, in a real browser."""

from typing import Any

import pytest
from editing import Case

pytestmark = [pytest.mark.e2e, pytest.mark.enable_socket]

TEXT = "Pd/C was added to (R)-BINAP in ethyl acetate, then THF and water."


def suggested(*mentions: str, text: str = TEXT) -> dict[str, Any]:
    spans = [(text.index(m), text.index(m) + len(m)) for m in mentions]
    more = {"label": "Solvent", "score": 0.87, "source": "embedded", "demonstrations": ["d1", "d2"]}
    return {"text": text, "suggestions": [{"start": s, "end": e, **more} for s, e in spans]}


def test_a_label_key_labels_the_word_at_the_cursor_and_enter_saves(case: Case) -> None:
    case.show(TEXT, "The next text.").keys("1")
    assert case.mentions == [("Pd/C", "Solvent")]
    case.keys("Enter")
    saved = case.wait("save")
    assert case.entities(saved) == [(0, 4, "Solvent")]
    assert saved["seconds"] > 0
    case.page.wait_for_selector("text=The next text.")


def test_arrows_move_by_words_and_shift_extends_by_words_and_with_alt_by_characters(case: Case) -> None:
    case.show(TEXT).keys(*["ArrowRight"] * 6, "Shift+ArrowRight", "1")
    assert case.mentions == [("ethyl acetate", "Solvent")]
    case.keys("ArrowRight", "ArrowRight", "Alt+Shift+ArrowRight", "2")
    assert case.mentions[-1] == ("THF ", "Reagent")


def test_shift_and_left_extend_to_the_left_and_take_back(case: Case) -> None:
    case.show(TEXT).keys("ArrowRight", "ArrowRight", "Shift+ArrowLeft")
    assert case.said == "Selected: was added"
    case.keys("Shift+ArrowLeft", "Shift+ArrowRight")
    assert case.said == "Selected: was added"


def test_a_label_key_relabels_the_active_entity(case: Case) -> None:
    case.show({"text": TEXT, "entities": [[0, 4, "Solvent"]]}).keys("ArrowDown", "c")
    assert case.mentions == [("Pd/C", "Catalyst")]


def test_shift_and_a_label_key_label_save_and_go_on_in_one(case: Case) -> None:
    case.show(TEXT, "The next text.").keys("Shift+Digit2")
    assert case.entities(case.wait("save")) == [(0, 4, "Reagent")]
    case.page.wait_for_selector("text=The next text.")
    case.keys("Shift+KeyC")
    assert case.entities(case.wait("save", 2)) == [(0, 3, "Catalyst")]


def test_one_key_confirms_three_right_suggestions_and_goes_on(case: Case) -> None:
    case.show(suggested("ethyl acetate", "THF", "water"), "The next text.")
    assert case.page.inner_text(".se-save") == "Enter: accept 3, save"
    case.keys("Enter")
    assert len(case.wait("save")["entities"]) == 3
    case.page.wait_for_selector("text=The next text.")


def test_up_and_down_go_through_entities_and_suggestions_in_text_order(case: Case) -> None:
    case.show(suggested("THF", "water") | {"entities": [[0, 4, "Catalyst"]]})
    case.keys("ArrowDown")
    assert case.said == "“Pd/C”: Catalyst, confirmed"
    case.keys("ArrowDown", "ArrowDown")
    assert case.said == "“water”: Solvent, suggested 87%"
    case.keys("ArrowDown")
    assert case.said == "That was the last one."
    case.keys("ArrowUp")
    assert case.said.startswith("“THF”")


def test_space_accepts_the_active_suggestion_and_delete_rejects_the_next(case: Case) -> None:
    case.show(suggested("THF", "water")).keys("ArrowDown", "Space", "Delete")
    assert case.marks == [("THF", "Solvent", "confirmed")]
    draft = case.wait("draft", 1)
    case.page.wait_for_timeout(400)
    draft = case.ops("draft")[-1]
    assert case.entities(draft) == [(51, 54, "Solvent")]
    assert [(r["start"], r["end"]) for r in draft["rejected"]] == [(59, 64)]


def test_all_suggestions_are_accepted_or_rejected_by_one_key_each(case: Case) -> None:
    case.show(suggested("THF", "water")).keys("Shift+Space")
    assert [state for *_, state in case.marks] == ["confirmed", "confirmed"]
    case.keys("Control+z", "Shift+Delete")
    assert case.marks == []
    case.keys("Control+z")
    assert len(case.marks) == 2


@pytest.mark.parametrize(
    ("keys", "mention"),
    [
        (["Shift+ArrowRight"], "acetate, then"),
        (["Shift+ArrowRight", "Shift+ArrowLeft"], "acetate"),
        (["Alt+Shift+ArrowLeft"], "acetat"),
        (["Control+ArrowLeft"], "ethyl acetate"),
        (["Control+Shift+ArrowLeft"], "ethyl acetate"),
        (["Control+Alt+ArrowRight"], "cetate"),
    ],
)
def test_the_ends_of_the_active_entity_are_moved_by_keys(case: Case, keys: list[str], mention: str) -> None:
    case.show({"text": TEXT, "entities": [[37, 44, "Solvent"]]}).keys("ArrowDown", *keys)
    assert case.mentions == [(mention, "Solvent")]


def test_delete_removes_the_active_entity_and_undo_and_redo_go_both_ways(case: Case) -> None:
    case.show({"text": TEXT, "entities": [[0, 4, "Solvent"]]}).keys("ArrowDown", "Backspace")
    assert case.mentions == []
    case.keys("Control+z")
    assert case.mentions == [("Pd/C", "Solvent")]
    case.keys("Control+Shift+z")
    assert case.mentions == []
    case.keys("Control+z", "Control+y", "Control+y")
    assert case.said == "Nothing to redo."


def test_undo_reaches_back_through_a_reload(case: Case) -> None:
    case.show(TEXT).keys("1", "Escape", "ArrowRight", "2", "Escape", "ArrowRight", "c")
    assert len(case.mentions) == 3
    case.page.wait_for_timeout(500)
    case.open(case.page)
    assert len(case.mentions) == 3
    case.keys("Control+z", "Control+z", "Control+z")
    assert case.mentions == []
    case.keys("Control+z")
    assert case.said == "Nothing to undo."
    case.keys("Control+y")
    assert case.mentions == [("Pd/C", "Solvent")]


def test_a_full_stop_labels_every_occurrence_in_the_text_as_whole_words(case: Case) -> None:
    case.show("THF, THF-d8, MeTHF and (THF); thf THF").keys("1", ".")
    assert case.mentions == [("THF", "Solvent")] * 3
    case.keys("Control+z")
    assert case.mentions == [("THF", "Solvent")]


def test_control_and_full_stop_ask_for_every_occurrence_in_the_queue(case: Case) -> None:
    case.show(TEXT).keys("1", "Control+.")
    asked = case.wait("occurrences")
    assert (asked["text"], asked["label"]) == ("Pd/C", "Solvent")


def test_enter_does_not_save_where_nothing_is_marked_and_0_says_so(case: Case) -> None:
    case.show(TEXT, "The next text.").keys("Enter")
    assert case.said == "Nothing is marked. Press 0 to say there are no entities here."
    case.page.wait_for_timeout(300)
    assert case.ops("save") == []
    case.keys("0")
    saved = case.wait("save")
    assert (saved["entities"], saved["said_none"]) == ([], True)


def test_0_asks_again_where_entities_are_confirmed(case: Case) -> None:
    case.show({"text": TEXT, "entities": [[0, 4, "Solvent"]]}, "The next text.").keys("0")
    assert "Press 0 again" in case.said
    case.keys("ArrowRight", "0")
    assert "Press 0 again" in case.said
    assert case.ops("save") == []
    case.keys("0")
    assert case.wait("save")["said_none"] is True


def test_minus_skips_and_shift_enter_goes_back(case: Case) -> None:
    case.show(TEXT, "The next text.").keys("-")
    assert case.wait("skip")["doc_id"] == "0"
    case.page.wait_for_selector("text=The next text.")
    case.keys("Shift+Enter")
    assert case.wait("back")["doc_id"] == "1"
    case.page.wait_for_selector("text=Pd/C")


def test_f2_flags_with_a_note_and_escape_closes_it(case: Case) -> None:
    case.show(TEXT).keys("F2")
    case.page.keyboard.type("1 is this real?")
    case.keys("Escape")
    assert case.page.is_hidden(".se-note")
    case.keys("F2", "Control+a")
    case.page.keyboard.type("is this 1 text?")
    case.keys("Enter")
    assert case.wait("flag")["note"] == "is this 1 text?"
    assert case.mentions == []


def test_a_question_mark_shows_the_keys_and_escape_hides_them(case: Case) -> None:
    case.show(TEXT).keys("?")
    assert case.page.is_visible(".se-keys")
    case.keys("Escape", "1")
    assert case.page.is_hidden(".se-keys")
    assert case.mentions == [("Pd/C", "Solvent")]


def test_an_overlap_is_refused_with_a_reason_and_one_entity_is_replaced_with_a_word(case: Case) -> None:
    case.show({"text": TEXT, "entities": [[31, 36, "Reagent"], [37, 44, "Catalyst"]]})
    case.keys(*["ArrowRight"] * 6, "Shift+ArrowRight", "1")
    assert "Entities may not overlap in this project" in case.said
    assert len(case.mentions) == 2
    case.keys("Escape", "ArrowRight", "ArrowRight", "Shift+ArrowLeft", "1")
    assert case.said.startswith("Replaced “acetate” Catalyst")
    assert case.mentions == [("ethyl", "Reagent"), ("acetate, then", "Solvent")]


def test_a_word_inside_an_entity_stands_for_the_entity(case: Case) -> None:
    case.show({"text": TEXT, "entities": [[31, 44, "Reagent"]]}).keys(*["ArrowRight"] * 7, "1")
    assert case.mentions == [("ethyl acetate", "Solvent")]


def test_nested_and_crossing_entities_are_kept_where_the_schema_allows(case: Case) -> None:
    case.show({"text": TEXT, "entities": [[31, 44, "Reagent"]]}, overlap=True)
    case.keys(*["ArrowRight"] * 7, "1", "Escape", "Shift+ArrowRight", "c")
    assert case.mentions == [("ethyl acetate", "Reagent"), ("acetate, then", "Catalyst"), ("acetate", "Solvent")]


def test_keys_typed_elsewhere_on_the_page_stay_there(case: Case) -> None:
    case.show(TEXT)
    case.page.click("input[aria-label=Elsewhere]")
    case.page.keyboard.type("1c0")
    assert case.mentions == []
    assert case.page.input_value("input[aria-label=Elsewhere]") == "1c0"


def test_keys_are_for_the_text_where_what_had_the_focus_is_gone(case: Case) -> None:
    case.show(TEXT, "The next text.")
    case.page.evaluate("document.activeElement.blur()")
    assert case.page.evaluate("document.activeElement === document.body")
    case.page.keyboard.press("1")
    case.page.keyboard.press("Enter")
    assert case.entities(case.wait("save")) == [(0, 4, "Solvent")]
    case.page.wait_for_selector("text=The next text.")


def test_the_digit_row_of_a_french_keyboard_still_labels(case: Case) -> None:
    case.show(TEXT)
    case.page.evaluate(
        "document.querySelector('.se-scroller').dispatchEvent("
        "new KeyboardEvent('keydown', {key: '&', code: 'Digit1', bubbles: true}))"
    )
    assert case.mentions == [("Pd/C", "Solvent")]


def test_browser_shortcuts_that_are_not_ours_are_left_alone(case: Case) -> None:
    case.show(TEXT)
    left = case.page.evaluate(
        """() => [{key: 'r', ctrlKey: true}, {key: 'f', ctrlKey: true}, {key: 'ArrowLeft', altKey: true}, {key: 'Tab'},
                  {key: 'F5'}, {key: '1', altKey: true}, {key: 'PageDown'}].map((init) => {
          const event = new KeyboardEvent('keydown', {...init, bubbles: true, cancelable: true});
          document.querySelector('.se-scroller').dispatchEvent(event);
          return event.defaultPrevented;
        })"""
    )
    assert left == [False] * 7


def test_a_suggestion_names_its_source_and_its_demonstrations_are_asked_for(case: Case) -> None:
    case.show(suggested("THF")).keys("ArrowDown")
    assert "Suggested by embedded, score 87%." in case.page.inner_text(".se-why")
    case.page.click("text=Show 2 demonstrations")
    assert case.wait("demonstrations")["ids"] == ["d1", "d2"]


def test_suggestions_that_overlap_are_settled_before_saving(case: Case) -> None:
    both = suggested("ethyl acetate", "THF")
    both["suggestions"][0]["source"] = "anna"
    both["suggestions"].append({"start": 37, "end": 44, "label": "Reagent", "source": "ben"})
    case.show(both, "The next text.", mode="review").keys("Enter")
    assert "accept or reject one of them first" in case.said
    case.keys("Space", "Enter")
    assert case.entities(case.wait("save")) == [(31, 44, "Solvent"), (51, 54, "Solvent")]


def test_a_conflict_shows_both_versions_and_either_is_kept_by_one_key(case: Case) -> None:
    case.show({"text": TEXT, "conflict": [[51, 54, "Solvent"]]}, "The next text.").keys("1", "Enter")
    case.page.wait_for_selector(".se-problem >> text=Only ben has")
    assert "“THF” Solvent" in case.page.inner_text(".se-problem")
    assert "“Pd/C” Solvent" in case.page.inner_text(".se-problem")
    case.keys("k")
    saved = case.wait("save", 2)
    assert (case.entities(saved), saved["version"]) == ([(0, 4, "Solvent")], 1)
    case.page.wait_for_selector("text=The next text.")


def test_theirs_can_be_taken_and_mine_brought_back(case: Case) -> None:
    case.show({"text": TEXT, "conflict": [[51, 54, "Solvent"]]}, "The next text.").keys("1", "Enter")
    case.page.wait_for_selector(".se-problem >> text=Only ben has")
    case.keys("t")
    case.wait("reload")
    case.page.wait_for_timeout(500)
    assert case.mentions == [("THF", "Solvent")]
    case.keys("Control+z")
    assert case.mentions == [("Pd/C", "Solvent")]


def test_a_problem_is_said_and_the_work_stays(case: Case) -> None:
    case.show({"text": TEXT, "problem": "Your session has expired: sign in again.", "entities": [[0, 4, "Gone"]]})
    assert case.page.inner_text(".se-problem").strip() == "Your session has expired: sign in again."
    assert case.mentions == [("Pd/C", "Gone")]


def test_a_text_for_reading_only_is_not_changed(case: Case) -> None:
    case.show({"text": TEXT, "read_only": True}).keys("1", "Enter")
    assert case.said == "This text is shown for reading only."
    assert case.mentions == []


def test_a_key_held_down_does_not_answer_the_next_text(case: Case) -> None:
    case.show(suggested("THF"), suggested("water"), "The last text.")
    case.page.keyboard.down("Enter")
    case.page.wait_for_selector(".se[data-doc='1']")
    case.page.keyboard.down("Enter")
    case.page.wait_for_timeout(500)
    assert [op["doc_id"] for op in case.ops("save")] == ["0"]


def test_an_empty_text_can_be_answered_too(case: Case) -> None:
    case.show("", "The next text.").keys("ArrowRight", "Shift+ArrowRight", "1")
    assert case.said == "There is no word here to label."
    case.keys("0")
    assert case.wait("save")["said_none"] is True


def test_letters_typed_in_the_editor_do_not_reach_streamlits_own_keys(case: Case) -> None:
    case.show(TEXT).keys("r", "c")
    case.page.wait_for_timeout(300)
    assert case.page.query_selector("[role=dialog]:not(.se-keys)") is None
    assert case.mentions == [("Pd/C", "Catalyst")]
