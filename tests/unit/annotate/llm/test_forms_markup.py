import pytest

from allabel.annotate.base import Demonstration
from allabel.annotate.llm.forms.error import ReplyFormatError
from allabel.annotate.llm.forms.markup_form import MarkupForm
from allabel.document import DocId, Span
from allabel.schema import LabelSchema

SCHEMA = LabelSchema.of(["A", "B"])
FORM = MarkupForm()


def answer(text: str, *spans: Span) -> str:
    return FORM.answer(Demonstration(DocId("d"), text, spans))


def read(content: str, text: str) -> list[tuple[str, str, int | None]]:
    return [(m.label, m.text, m.occurrence) for m in FORM.read(content, text, SCHEMA)]


@pytest.mark.parametrize(
    "text",
    [
        "at <nUm> K and <111>",
        "[111] and N-[[4-(a)]]",
        "##STR13## | & ; = ** \u00a0 \u200b",
        "p < 0.05, a > b",
        "a\\b \\n $R\\bar 3c$",
    ],
)
def test_what_data_hold_needs_no_escape(text: str) -> None:
    assert answer(text) == text
    assert answer(text, Span(0, len(text), "A")) == f"<<A>>{text}<</A>>"


@pytest.mark.parametrize(
    ("text", "written"),
    [
        ("k << 1", "k \\<< 1"),
        ("<<A>>", "\\<<A>>"),
        ("a\\<b", "a\\\\<b"),
        ("<<<", "\\<\\<<"),
    ],
)
def test_what_could_be_a_tag_is_escaped(text: str, written: str) -> None:
    assert answer(text) == written
    assert read(written, text) == []


def test_a_sign_right_before_a_tag_is_no_part_of_it() -> None:
    text = "x<NaCl\\HCl"
    content = answer(text, Span(2, 6, "A"), Span(7, 10, "B"))
    assert content == "x\\<<<A>>NaCl<</A>>\\\\<<B>>HCl<</B>>"
    assert read(content, text) == [("A", "NaCl", 1), ("B", "HCl", 1)]


def test_tags_nest_and_stand_in_order_of_their_beginnings() -> None:
    text = "acetic acid"
    content = answer(text, Span(0, 11, "A"), Span(7, 11, "B"), Span(0, 6, "A"))
    assert content == "<<A>><<A>>acetic<</A>> <<B>>acid<</B>><</A>>"
    assert read(content, text) == [("A", "acetic acid", 1), ("A", "acetic", 1), ("B", "acid", 1)]


def test_crossing_entities_are_told_apart() -> None:
    assert answer("abc", Span(0, 2, "A"), Span(1, 3, "B")) == "<<A>>a<<B>>b<</A>>c<</B>>"
    content = answer("abc", Span(0, 2, "A"), Span(1, 3, "A"))
    assert content == "<<A>>a<<A#2>>b<</A>>c<</A#2>>"
    assert read(content, "abc") == [("A", "ab", 1), ("A", "bc", 1)]


def test_any_label_can_be_a_tag() -> None:
    names = ["/a", "a<b>>", "x#1", "back\\slash", "two words", ">"]
    schema = LabelSchema.of(names)
    shown = Demonstration(DocId("d"), "abcdef", tuple(Span(i, i + 1, name) for i, name in enumerate(names)))
    assert [m.label for m in FORM.read(FORM.answer(shown), shown.text, schema)] == names


def test_the_occurrence_follows_from_the_place() -> None:
    assert read("HCl, <<A>>HCl<</A>>", "HCl, HCl") == [("A", "HCl", 2)]


def test_a_mention_stands_in_the_content_between_its_tags() -> None:
    content = "k \\<< <<A>>a <<B>>b<</B>><</A>>"
    outer, inner = FORM.read(content, "k << a b", SCHEMA)
    assert content[outer.start : outer.end] == "a <<B>>b<</B>>"
    assert content[inner.start : inner.end] == "b"


@pytest.mark.parametrize(
    ("content", "text"),
    [
        ("a <<A>>Na Cl<</A>> b", "a  Na\u00a0Cl\tb\n"),
        ("a\n<<A>> Na\nCl <</A>> b", "a Na\u00a0Cl b"),
        ("a<<A>>NaCl<</A>>b", "a Na\u00a0Cl b"),
        ("a <<A>>Na\u00a0Cl<</A>> b", "\ufeffa Na\u00a0Cl\u200b b"),
    ],
)
def test_changed_white_space_moves_nothing(content: str, text: str) -> None:
    assert read(content, text) == [("A", "Na\u00a0Cl", 1)]


@pytest.mark.parametrize(
    ("content", "problem"),
    [
        ("", "leaves out 'NaCl in H2O' at character 0"),
        ("<<A>>NaCl<</A>> in", "leaves out 'H2O' at character 8"),
        ("NaCl in the H2O", "adds 'the' at character 8"),
        ("NaCl in H2O.", "adds '.' at character 11"),
        ("NaCl in H₂O", "at character 9: '2' became '₂'"),
        ("KCl in <<A>>H2O<</A>>", "at character 0: 'Na' became 'K'"),
        ("The text is: NaCl in H2O", "adds 'The text is:' at character 0"),
        ('{"entities":[]}', "became"),
        ("x" * 1000, "…'"),
        ("<<A>>NaCl in H2O", "opens <<A>> and does not close it"),
        ("NaCl<</A>> in H2O", "has '<</A>>' where no such tag is open"),
        ("<<A>>NaCl<</B>> in H2O", "has '<</B>>' where no such tag is open"),
        ("<<Chemical>>NaCl<</Chemical>> in H2O", "the tag '<<Chemical>>', which is not in the schema (A, B)"),
        ("NaCl<<A>><</A>> in H2O", "around nothing"),
        ("NaCl  in<<A>> <</A>>H2O", "around nothing"),
    ],
)
def test_anything_else_is_refused_with_what_is_wrong(content: str, problem: str) -> None:
    with pytest.raises(ReplyFormatError) as caught:
        FORM.read(content, "NaCl in H2O", SCHEMA)
    assert problem in str(caught.value)


def test_signs_of_the_text_that_begin_no_tag_may_be_copied_without_escape() -> None:
    assert read("<<A>>k<</A>> << 1, <<nUm>>", "k << 1, <<nUm>>") == [("A", "k", 1)]


def test_the_form_is_bound_by_no_json_schema() -> None:
    assert FORM.json_schema(SCHEMA) is None


def test_nesting_is_asked_for_only_where_the_schema_allows_it() -> None:
    assert "inside others" not in FORM.instructions(SCHEMA)
    assert "inside others" in FORM.instructions(SCHEMA.model_copy(update={"overlap": True}))
