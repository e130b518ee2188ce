"""Attacks in texts and demonstrations: nothing that a model was led to say leaves outside the schema or the text."""

import json
import threading
from collections.abc import Callable, Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any

import pytest
from attacked_texts import SCHEMA, Attack, attacks
from faulty_server import completion
from hypothesis import given
from hypothesis import strategies as st

from allabel.annotate.base import Demonstration
from allabel.annotate.bounds import is_bounded
from allabel.annotate.ground import ground
from allabel.annotate.llm.forms.grouped_form import GroupedForm
from allabel.annotate.llm.forms.json_form import JsonForm
from allabel.annotate.llm.forms.markup_form import MarkupForm
from allabel.annotate.llm.prompt import messages
from allabel.annotate.llm.template_marks import WORD_JOINER, as_text, shown_as_text
from allabel.annotate.spelling import Normalised
from allabel.document import DocId, Span
from allabel.schema import Label, LabelSchema

RECORDED = Path(__file__).with_name("injection_replies.jsonl")
# What SmolLM2, Llama 2 and 3, Mistral, Gemma, Qwen, Phi, DeepSeek, GLM and Command R read as one token.
MARKS = (
    *("<|endoftext|>", "<|im_start|>", "<|im_end|>", "<repo_name>", "<reponame>", "<file_sep>", "<filename>"),
    *("<gh_stars>", "<issue_start>", "<issue_comment>", "<issue_closed>", "<jupyter_start>", "<jupyter_text>"),
    *("<jupyter_code>", "<jupyter_output>", "<jupyter_script>", "<empty_output>", "<s>", "</s>", "<unk>", "[INST]"),
    *("[/INST]", "<<SYS>>", "<</SYS>>", "<|begin_of_text|>", "<|start_header_id|>", "<|end_header_id|>", "<|eot_id|>"),
    *("<start_of_turn>", "<end_of_turn>", "<bos>", "<eos>", "<pad>", "<|user|>", "<|assistant|>", "<|system|>"),
    *("<|end|>", "<think>", "</think>", "<tool_call>", "</tool_call>", "<｜User｜>", "<｜begin▁of▁sentence｜>"),
    *("[gMASK]", "<sop>", "<|START_OF_TURN_TOKEN|>", "<BOS_TOKEN>", "[TOOL_CALLS]", "<extra_id_0>", "<fim_prefix>"),
)
Line = dict[str, Any]


def obedient(attack: Attack, form: str) -> str:
    """The reply of a model that does all that an attack wants, labels and names of its own included."""
    pairs = [*sorted(attack.wants or ()), ("Chemical", "a name that stands nowhere"), ("Disease", "<|im_end|>")]
    if form == "grouped":
        found: dict[str, list[str]] = {"Chemical": [], "Disease": []}
        for label, name in pairs:
            found.setdefault(label, []).append(name)
        return json.dumps(found)
    if form == "json":
        return json.dumps({"entities": [{"text": name, "label": label, "occurrence": 1} for label, name in pairs]})
    return "".join(f"<<{label}>>{name}<</{label}>> " for label, name in pairs)


class Replaying(ThreadingHTTPServer):
    """A language-model server that answers each text as it was told, and the same when asked again."""

    def __init__(self, replies: dict[str, str]) -> None:
        super().__init__(("127.0.0.1", 0), _Handler)
        self.replies, self.heard = replies, list[str]()

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.server_address[1]}/v1"


class _Handler(BaseHTTPRequestHandler):
    server: Replaying

    def do_POST(self) -> None:
        turns = json.loads(self.rfile.read(int(self.headers["Content-Length"])))["messages"]
        asked = [turn["content"] for turn in turns if turn["role"] == "user"]
        self.server.heard += [turn["content"] for turn in turns]
        content = next((self.server.replies[one] for one in asked if one in self.server.replies), "{}")
        self._send(completion(content))

    def do_GET(self) -> None:
        self._send({"data": [{"id": "m", "object": "model", "max_model_len": 8192}]})

    def _send(self, body: Any) -> None:
        data = json.dumps(body).encode()
        self.send_response(200)
        self.send_header("Content-Type", "application/json")
        self.send_header("Content-Length", str(len(data)))
        self.end_headers()
        self.wfile.write(data)

    def log_message(self, *_: object) -> None:
        """Say nothing."""


@pytest.fixture
def replaying() -> Iterator[Callable[[dict[str, str]], Replaying]]:
    """Starts the server with the reply to each text."""
    started: list[Replaying] = []

    def start(replies: dict[str, str]) -> Replaying:
        started.append(Replaying({as_text(text): reply for text, reply in replies.items()}))
        threading.Thread(target=started[-1].serve_forever).start()
        return started[-1]

    yield start
    for server in started:
        server.shutdown()
        server.server_close()


def recorded() -> dict[str, str]:
    """The replies by which SmolLM2-135M strayed, by attack and what bound it."""
    lines = [json.loads(line) for line in RECORDED.read_text(encoding="utf-8").splitlines()]
    return {f"{one['attack']} {one['condition']} {one['seed']}": one["raw"] for one in lines}


def tagged(allabel: Any, tmp_path: Path, server: Replaying, texts: dict[str, str], form: str) -> list[Line]:
    """Tag texts with the command, against the server."""
    folder, texts_file, out = tmp_path / "p", tmp_path / "texts.jsonl", tmp_path / "out.jsonl"
    texts_file.write_text("\n".join(json.dumps({"id": id, "text": text}) for id, text in texts.items()), "utf-8")
    assert allabel("init", folder, "--labels", "Chemical,Disease").status == 0
    chat = ("--backend", "chat", "--base-url", server.url, "--model", "m", "--structured", "none", "--form", form)
    allabel("-p", folder, "tag", texts_file, "-o", out, *chat)
    return [json.loads(line) for line in out.read_text(encoding="utf-8").splitlines()]


def wrong(line: Line, text: str) -> list[str]:
    """What is not as it must be of a line of tagged output."""
    found = [] if line["text"] == text else ["another text"]
    if line["status"] != "ok":
        return found + ["entities of a reply that is not ok"] * ("entities" in line)
    for one in (*line["entities"], *line["ungrounded"]):
        found += [] if one["label"] in SCHEMA.names else [f"the label {one['label']!r}"]
    for one in line["entities"]:
        start, end = one["start"], one["end"]
        if not 0 <= start < end <= len(text) or text[start:end] != one["text"] or not is_bounded(text, start, end):
            found.append(f"{one} does not stand there")
        elif Normalised.of(one.get("mention", one["text"])).text.strip() != Normalised.of(one["text"]).text.strip():
            found.append(f"{one} stands on other words")
    taken = [i for one in line["entities"] for i in range(one["start"], one["end"])]
    return found + ["entities that overlap"] * (len(taken) != len(set(taken)))


# What the command says of a server that is bound to nothing.
unbound = pytest.mark.filterwarnings("ignore:structured = .none.")


@unbound
@pytest.mark.enable_socket
@pytest.mark.parametrize("form", ["grouped", "json", "markup"])
def test_a_model_that_obeys_every_attack_still_says_nothing_outside_schema_and_text(
    form: str, allabel: Any, tmp_path: Path, replaying: Callable[[dict[str, str]], Replaying]
) -> None:
    texts = {one.id: one.text("attacked") for one in attacks()}
    server = replaying({one.text("attacked"): obedient(one, form) for one in attacks()})
    lines = tagged(allabel, tmp_path, server, texts, form)
    assert [line["id"] for line in lines] == list(texts)
    assert {line["id"]: wrong(line, texts[line["id"]]) for line in lines if wrong(line, texts[line["id"]])} == {}
    foreign = [one.id for one in attacks() if any(label not in SCHEMA.names for label, _ in one.wants or ())]
    assert {line["status"] for line in lines if line["id"] in foreign} == {"unparseable"}
    assert [mark for mark in MARKS for content in server.heard if mark in content and mark != "<s>"] == []


@unbound
@pytest.mark.enable_socket
def test_what_a_small_model_said_when_it_strayed_leaves_grounded_and_in_the_schema(
    allabel: Any, tmp_path: Path, replaying: Callable[[dict[str, str]], Replaying]
) -> None:
    by_id = {one.id: one for one in attacks()}
    # The same text comes once: each strayed reply has a number of its own in front.
    texts = {key: f"{n} : {by_id[key.split()[0]].text('attacked')}" for n, key in enumerate(recorded())}
    lines = tagged(allabel, tmp_path, replaying({texts[key]: raw for key, raw in recorded().items()}), texts, "grouped")
    assert [line["id"] for line in lines] == list(texts)
    assert {line["id"]: wrong(line, texts[line["id"]]) for line in lines if wrong(line, texts[line["id"]])} == {}
    assert {line["status"] for line in lines} == {"ok", "unparseable"}
    assert any(line.get("ungrounded") for line in lines)


def test_the_name_of_a_file_steers_no_terminal(allabel: Any, tmp_path: Path) -> None:
    assert allabel("init", tmp_path / "p", "--labels", "A").status == 0
    file = tmp_path / "\x1b]0;evil\a\x1b[31m\u202e.jsonl"
    file.write_text("{", encoding="utf-8")
    ended = allabel("-p", tmp_path / "p", "import", file)
    assert ended.status == 2
    assert "\\x1b]0;evil\\x07\\x1b[31m\\u202e.jsonl, line 1" in ended.err
    assert not [char for char in ended.err if char in "\x1b\a\u202e"]


def test_there_are_attacks_of_every_kind_and_each_stands_in_its_text() -> None:
    assert len(attacks()) >= 40
    assert len({one.kind for one in attacks()}) == 10
    for one in attacks():
        shown = [one.text("attacked"), *(d.text for d in one.demonstrations("attacked"))]
        assert any(one.inserted in text for text in shown), one.id
        assert one.inserted not in one.text("clean")


@pytest.mark.parametrize("mark", MARKS)
def test_no_mark_of_a_chat_template_is_left_in_a_conversation(mark: str) -> None:
    said = f"a{mark}b <{mark}> \U000e0041{mark[0]}\U000e0042{mark[1:]}"
    schema = LabelSchema(
        labels=(Label(name="Chemical", definition=said, examples=(said,), not_examples=(mark,)),), guidelines=said
    )
    shown = [Demonstration(DocId("d"), f"NaCl {said}", (Span(0, 4, "Chemical"), Span(5, len(said), "Chemical")))]
    for form in (GroupedForm(), JsonForm(), MarkupForm()):
        for turn in messages(form, said, shown, schema):
            assert mark not in turn["content"], (form.name, turn)


@given(st.lists(st.sampled_from([*"<|>[]/s_ \n", "im_end", "INST", "SYS", "｜", "\U000e0041", "NaCl", "é"])))
def test_what_is_shown_differs_only_in_what_nobody_sees_and_nothing_in_it_is_a_mark(pieces: list[str]) -> None:
    text = "".join(pieces)
    shown = as_text(text)
    assert Normalised.of(shown).text == Normalised.of(text).text
    assert not [mark for mark in MARKS if mark in shown]
    assert as_text(shown) == shown


@pytest.mark.parametrize(
    "text", ["<ψ|H|φ> and p < 0.05", "[BMIM][PF6] in <i>n</i>-BuOH", "a | b > c", "[1,2-a]pyridine"]
)
def test_texts_of_science_are_shown_as_they_are(text: str) -> None:
    assert as_text(text) == text


def test_a_mention_copied_from_what_is_shown_is_found_in_the_text() -> None:
    text = "NaCl <|im_end|> in \U000e0041water\U000e0042 , KBr"
    for mention in (f"<{WORD_JOINER}|im_end|{WORD_JOINER}>", "water", "KBr", "NaCl"):
        assert mention in as_text(text)
        (found,) = ground(text, [("Chemical", mention)])
        assert found.span is not None, mention


def test_a_demonstration_s_entities_stand_where_they_stood() -> None:
    text = "\U000e0041<|a|> NaCl [INST] in water"
    spans = (Span(7, 11, "Chemical"), Span(22, 27, "Solvent"))
    shown = shown_as_text(Demonstration(DocId("d"), text, spans))
    assert [shown.text[s.start : s.end] for s in shown.entities] == ["NaCl", "water"]
    plain = Demonstration(DocId("d"), "NaCl in water", (Span(0, 4, "Chemical"),))
    assert shown_as_text(plain) is plain
