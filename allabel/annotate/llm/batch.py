"""Texts under way at a language model: what is asked about them, and their replies once all of it is answered."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field

from allabel.annotate.llm.assemble import Part, assemble
from allabel.annotate.llm.base import Answer, Form, Mention, Request
from allabel.annotate.llm.forms.error import ReplyFormatError
from allabel.reply import Reply, Status
from allabel.schema import LabelSchema


@dataclass(slots=True)
class Batch:
    """Texts under way: their parts, which of them wait for which key, and what was read so far.

    got: called once a text with its place and its reply, when it is done.
    """

    schema: LabelSchema
    form: Form
    texts: Sequence[str]
    got: Callable[[int, Reply], None]
    parts: list[Part] = field(default_factory=list)
    by_key: dict[str, list[Part]] = field(default_factory=dict)
    of_text: list[list[Part]] = field(default_factory=list)
    n_left: list[int] = field(default_factory=list)
    read: dict[str, list[Mention]] = field(default_factory=dict)

    def begin(self) -> None:
        """Sort the parts; texts with nothing to ask are done."""
        self.of_text = [[] for _ in self.texts]
        self.n_left = [0] * len(self.texts)
        for part in self.parts:
            self.of_text[part.i].append(part)
            if part.request is not None:
                self.n_left[part.i] += 1
                self.by_key.setdefault(part.key, []).append(part)
        for i, n in enumerate(self.n_left):
            if not n:
                self._done(i)

    def request(self, key: str) -> Request:
        """Return the request that has this key."""
        found = self.by_key[key][0].request
        assert found is not None
        return found

    def check(self, key: str, answer: Answer) -> str:
        """Say what is wrong with an answer's content; what was read is kept."""
        try:
            self.read[key] = self.form.read(answer.content, self.by_key[key][0].text, self.schema)
        except ReplyFormatError as error:
            return str(error)
        return ""

    def answered(self, key: str, answer: Answer) -> None:
        """Give an answer to the parts that wait for it; texts that have all of theirs are done."""
        mentions: list[Mention] = []
        if answer.status is Status.OK:
            if key not in self.read and (problem := self.check(key, answer)):
                answer = Answer(Status.UNPARSEABLE, answer.content, problem, answer.tokens)
            mentions = self.read.pop(key, [])
        for n, part in enumerate(self.by_key[key]):
            part.answer, part.mentions, part.is_copy = answer, mentions, n > 0
            self.n_left[part.i] -= 1
            if not self.n_left[part.i]:
                self._done(part.i)

    def _done(self, i: int) -> None:
        reply = assemble(self.texts[i], self.of_text[i], self.form.name, overlap=self.schema.overlap)
        self.of_text[i] = []
        self.got(i, reply)
