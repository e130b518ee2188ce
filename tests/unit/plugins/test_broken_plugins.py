"""A plugin that is broken is named with its package and what to do, and spoils nothing that does not use it."""

from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from installed_packages import install

from allabel.annotate.backends import build
from allabel.annotate.retrievers import retriever, similarity
from allabel.config import Settings
from allabel.errors import InputError, PluginError, UnknownNameError
from allabel.plugins import load, made, names
from allabel.schema import LabelSchema
from allabel.select.budget import Budget
from allabel.select.chain import Chain
from allabel.select.listing import strategies
from allabel.testing.stage import pool_of, tools

Install = Callable[..., None]
GOOD = '''
class Longest:
    """Long texts first."""
    name = "longest"
    needs_annotations = False
    def __init__(self, tools): pass
    def select(self, pool, n, rng): return []
'''


@pytest.fixture
def installed(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Install:
    """Installs a package of one module."""
    return lambda *given, **points: install(tmp_path / "site", monkeypatch, *given, **points)


def test_a_registered_strategy_of_another_package_is_there_by_its_name(installed: Install) -> None:
    installed("allabel-longest", "longest_one", GOOD, strategies={"longest": "longest_one:Longest"})
    assert "longest" in names("strategies")
    assert Chain.parse("longest:1,uniform:2", tools()).keys == ("longest", "uniform")
    assert [one.about for one in strategies() if one.name == "longest"] == ["Long texts first."]


@pytest.mark.parametrize(
    ("source", "says"),
    [
        ("import no_such_package_at_all\n", "ModuleNotFoundError: No module named 'no_such_package_at_all'"),
        ("class Longest\n", "SyntaxError: "),
        ("1 / 0\n", "ZeroDivisionError: division by zero"),
        ("class Other: pass\n", "has no attribute 'Longest'"),
    ],
    ids=["import", "syntax", "error", "attribute"],
)
def test_what_cannot_be_imported_is_said_with_its_package_and_the_way_out(
    installed: Install, source: str, says: str
) -> None:
    installed("allabel-longest", "longest_two", source, strategies={"longest": "longest_two:Longest"})
    with pytest.raises(PluginError) as caught:
        Chain.parse("longest", tools())
    assert "the strategy 'longest' of allabel-longest 1.2 cannot be imported: " in caught.value.problem
    assert says in caught.value.problem
    assert "pip uninstall allabel-longest" in caught.value.remedy
    assert Chain.parse("uniform", tools()).keys == ("uniform",)


def test_the_place_of_an_error_is_that_in_the_plugin(installed: Install, tmp_path: Path) -> None:
    installed("allabel-longest", "longest_three", "\n\n1 / 0\n", strategies={"longest": "longest_three:Longest"})
    with pytest.raises(PluginError, match=r"longest_three\.py, line 3\)"):
        load("strategies", "longest")


def test_a_broken_strategy_is_listed_among_the_others_with_what_is_wrong(installed: Install) -> None:
    installed("allabel-longest", "longest_four", "1 / 0\n", strategies={"longest": "longest_four:Longest"})
    listed = {one.name: one.about for one in strategies()}
    assert listed["longest"].startswith("Cannot be used: the strategy 'longest' of allabel-longest 1.2")
    assert listed["uniform"] == "Draws texts uniformly without replacement."


@pytest.mark.parametrize(
    ("source", "says"),
    [
        ("Longest = 5\n", "is no strategy: it is no class"),
        (GOOD.replace("needs_annotations", "needs"), "is no strategy: it has no 'needs_annotations'"),
        (GOOD.replace("def select", "def choose"), "is no strategy: it has no 'select'"),
        (GOOD.replace(", tools", ""), "cannot be made: TypeError: "),
        (GOOD.replace("tools): pass", "tools): raise KeyError('x')"), "cannot be made: KeyError: 'x' ("),
    ],
    ids=["number", "attribute", "method", "parameters", "constructor"],
)
def test_what_is_no_strategy_is_refused_with_what_one_is(installed: Install, source: str, says: str) -> None:
    installed("allabel-longest", "longest_five", source, strategies={"longest": "longest_five:Longest"})
    with pytest.raises(PluginError) as caught:
        Chain.parse("longest", tools())
    assert f"the strategy 'longest' of allabel-longest 1.2 {says}" in caught.value.problem
    assert "allabel.select.base.Stage" in caught.value.remedy


def test_bare_positions_are_no_choices(installed: Install) -> None:
    source = GOOD.replace("return []", "return list(pool.candidates)")
    installed("allabel-longest", "longest_ten", source, strategies={"longest": "longest_ten:Longest"})
    chain = Chain.parse("longest", tools())
    with pytest.raises(PluginError, match=r"chooses objects of int64, and not of allabel\.select\.base\.Choice"):
        chain.advance(pool_of(["a b", "c"]), Budget(1, "texts"), (), 0)


def test_a_call_that_does_not_fit_has_no_place_of_ours(installed: Install) -> None:
    source = "class Longest:\n    name, needs_annotations, select = 'longest', False, None\n"
    installed("allabel-longest", "longest_eleven", source, strategies={"longest": "longest_eleven:Longest"})
    with pytest.raises(PluginError) as caught:
        Chain.parse("longest", tools())
    assert caught.value.problem.endswith("cannot be made: TypeError: Longest() takes no arguments")


def test_an_error_in_words_stays_as_it_is(installed: Install) -> None:
    source = GOOD.replace("tools): pass", "tools): raise InputError('needs the file words.txt')")
    source = "from allabel.errors import InputError\n" + source
    installed("allabel-longest", "longest_six", source, strategies={"longest": "longest_six:Longest"})
    with pytest.raises(InputError, match=r"^needs the file words\.txt$"):
        Chain.parse("longest", tools())


def test_two_packages_with_one_name_are_both_named_and_neither_is_taken(installed: Install) -> None:
    installed("allabel-longest", "longest_seven", GOOD, strategies={"longest": "longest_seven:Longest"})
    installed("other-longest", "longest_eight", GOOD, strategies={"longest": "longest_eight:Longest"})
    with pytest.raises(PluginError) as caught:
        load("strategies", "longest")
    assert "allabel-longest 1.2" in caught.value.problem
    assert "other-longest 1.2" in caught.value.problem
    assert "longest_eight:Longest or longest_seven:Longest" in caught.value.remedy
    assert load("strategies", "longest_seven:Longest").name == "longest"


def test_a_name_of_allabels_own_is_not_taken_over_in_silence(installed: Install) -> None:
    installed("allabel-longest", "longest_nine", GOOD, strategies={"uniform": "longest_nine:Longest"})
    with pytest.raises(PluginError, match=r"'uniform' is registered by .*allabel.* and by "):
        Chain.parse("uniform", tools())
    assert Chain.parse("core_set", tools()).keys == ("core_set",)


def test_a_retriever_that_only_ranks_serves_tagging_and_is_refused_for_choosing(installed: Install) -> None:
    source = "class Ranks:\n    def __init__(self, texts): pass\n    def __len__(self): return 1\n    search = None\n"
    installed("allabel-ranks", "ranks_only", source, retrievers={"ranks": "ranks_only:Ranks"})
    settings = Settings(retriever="ranks")
    assert len(retriever(settings)(["a"])) == 1
    with pytest.raises(PluginError, match=r"'ranks' of allabel-ranks 1.2 is no retriever: it has no 'blocks'"):
        similarity(settings)(["a"])


def test_what_is_no_retriever_is_refused(installed: Install) -> None:
    installed("allabel-ranks", "ranks_not", "def ranks(texts): return {}\n", retrievers={"ranks": "ranks_not:ranks"})
    with pytest.raises(PluginError, match=r"is no retriever: it gives an object of dict, which has no 'search'"):
        retriever(Settings(retriever="ranks"))(["a"])


@pytest.mark.parametrize(
    ("replies", "says"),
    [
        ("[Reply(Status.OK)]", "it gave 1 replies to 2 texts"),
        ("[Reply(Status.OK)] * 3", "it gave 3 replies to 2 texts"),
        ("[{}, {}]", "it replies objects of dict, and not of allabel.reply.Reply"),
    ],
    ids=["few", "many", "dicts"],
)
def test_a_backend_that_does_not_give_one_reply_a_text_is_refused(installed: Install, replies: str, says: str) -> None:
    source = f"""
from allabel.reply import Reply, Status
class Odd:
    name = model = "odd"
    def __init__(self, schema, settings): pass
    def annotate(self, texts, demonstrations): return {replies}
"""
    module = f"odd_backend_{len(replies)}"
    installed(f"allabel-odd-{len(replies)}", module, source, backends={"odd": f"{module}:Odd"})
    annotator = build(LabelSchema.of(["Chemical"]), Settings(backend="odd"))
    assert (annotator.name, annotator.model) == ("odd", "odd")
    with pytest.raises(PluginError) as caught:
        annotator.annotate(["a", "b"], [])
    assert says in caught.value.problem


def test_what_is_no_tagger_is_refused(installed: Install) -> None:
    from allabel.active.tuning import tagger_class

    installed("allabel-tags", "tags_not", "class Tags: pass\n", taggers={"tags": "tags_not:Tags"})
    with pytest.raises(PluginError, match=r"'tags' of allabel-tags 1.2 is no tagger: it has no 'learns_partly'"):
        tagger_class("tags")


def test_what_allabels_own_parts_raise_is_not_dressed_up() -> None:
    def fails() -> Any:
        raise ZeroDivisionError

    with pytest.raises(ZeroDivisionError):
        made("strategies", "uniform", fails)
    with pytest.raises(PluginError):
        made("strategies", "some_module:Thing", fails)


def test_an_unknown_name_says_the_nearest_whatever_its_case() -> None:
    with pytest.raises(UnknownNameError) as caught:
        load("strategies", "UNIFORM")
    assert "did you mean 'uniform'?" in caught.value.remedy
    assert "or module:Class" in caught.value.remedy
