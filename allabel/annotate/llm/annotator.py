"""The annotator that asks a language model: retrieved demonstrations, a prompt that fits, mentions put in place."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from functools import cached_property

from allabel.annotate.base import Demonstration
from allabel.annotate.llm.assemble import Part
from allabel.annotate.llm.base import Answer, Form, Transport
from allabel.annotate.llm.batch import Batch
from allabel.annotate.llm.choose_demonstrations import DemonstrationChooser, IndexFactory
from allabel.annotate.llm.keys import cache_key, prompt_hash
from allabel.annotate.llm.long_texts import Window as Place
from allabel.annotate.llm.long_texts import windows
from allabel.annotate.llm.memory import Asked, Forgetful, Memory
from allabel.annotate.llm.prompt import messages, request
from allabel.annotate.llm.template_marks import as_text
from allabel.annotate.llm.window import Dropping, Fitted, Window, WindowError, estimate, estimate_text, fit
from allabel.reply import Reply, Status
from allabel.schema import LabelSchema

# Prompts of so many texts are held at once.
AT_ONCE = 4096
# Raise it when mentions are read or looked up in another way, so that answers kept before are asked for anew.
PARSER = "1"
LEAST_PART = 64


@dataclass(frozen=True, slots=True)
class Choosing:
    """How demonstrations are chosen: see `DemonstrationChooser`. shots: how many a text."""

    shots: int = 5
    floor: float = 0.0
    diversity: float = 0.0
    cover_labels: bool = False
    exclude_near_duplicates: bool = False
    cover_rare: bool = False

    def chooser(self, demonstrations: Sequence[Demonstration], retriever: IndexFactory) -> DemonstrationChooser:
        """Return the chooser among these demonstrations."""
        return DemonstrationChooser(
            demonstrations,
            retriever,
            self.shots,
            floor=self.floor,
            diversity=self.diversity,
            cover_labels=self.cover_labels,
            cover_rare=self.cover_rare,
            exclude_near_duplicates=self.exclude_near_duplicates,
        )


@dataclass(frozen=True, slots=True)
class Splitting:
    """How long texts are split, in estimated tokens. tokens: of a part; overlap: shown again in the next part."""

    tokens: int = 1024
    overlap: int = 128

    def sizes(self, window: Window | None, form: Form, schema: LabelSchema) -> tuple[int, int]:
        """Return size and overlap of parts: half of what the model's window leaves at most, for demonstrations."""
        size = self.tokens
        if window is not None:
            room = window.room - estimate(messages(form, "", (), schema))
            size = max(LEAST_PART, min(size, room // 2))
        return size, min(self.overlap, size // 4)


class LlmAnnotator:
    """Tags texts with a language model that is shown, for each text, its most similar demonstrations.

    retriever: builds the index over the demonstrations' texts. window: asked once, when first needed. name: of the
    backend, for tagged output.
    """

    def __init__(
        self,
        schema: LabelSchema,
        transport: Transport,
        form: Form,
        retriever: IndexFactory,
        *,
        choosing: Choosing | None = None,
        splitting: Splitting | None = None,
        window: Callable[[], Window | None] = lambda: None,
        memory: Memory | None = None,
        name: str = "chat",
    ) -> None:
        self.schema, self.form, self.name = schema, form, name
        self._transport, self._retriever, self._ask_window = transport, retriever, window
        self._choosing, self._splitting = choosing or Choosing(), splitting or Splitting()
        self._memory: Memory = memory or Forgetful()
        self._chooser: DemonstrationChooser | None = None
        self._dropping = Dropping()
        self._n_recalled = 0

    def __repr__(self) -> str:
        return f"LlmAnnotator({self._transport!r}, form={self.form.name!r}, shots={self._choosing.shots})"

    @property
    def transport(self) -> Transport:
        """What carries its requests."""
        return self._transport

    @property
    def is_bound(self) -> bool:
        """Whether answers are bound to a JSON schema."""
        return self.form.json_schema(self.schema, "NaCl") is not None

    @property
    def memory(self) -> Memory:
        """Where answers are looked up and kept."""
        return self._memory

    @property
    def model(self) -> str:
        """The model's name, as its server knows it."""
        return self._transport.model

    @property
    def stopped(self) -> str:
        """Say why texts were left unasked: a limit reached, or a server that fell silent. "" while none were."""
        return self._transport.stopped

    def remember(self, memory: Memory) -> None:
        """Look answers up here from now on, and keep them here."""
        self._memory = memory

    def report(self) -> list[str]:
        """Say what was asked and what it took, what came from memory, and what was left out of prompts."""
        recalled = f"{self._n_recalled:,} answers were there from before" if self._n_recalled else ""
        dropped = self._dropping.in_words(self._window) if self._dropping.n_texts else ""
        return [line for line in (self._transport.report(), recalled, dropped) if line]

    def annotate(self, texts: Sequence[str], demonstrations: Sequence[Demonstration]) -> list[Reply]:
        """Return one reply a text, in order; a text that fails has a reply that says so, and the rest go on.

        Raises ServerError where nothing can be had from the server, LabelError where a demonstration bears a label
        that the schema does not name. Not to be called from a running event loop.
        """
        replies: dict[int, Reply] = {}
        self.stream(texts, demonstrations, replies.__setitem__)
        return [replies[i] for i in range(len(texts))]

    def stream(
        self, texts: Sequence[str], demonstrations: Sequence[Demonstration], got: Callable[[int, Reply], None]
    ) -> None:
        """Do what `annotate` does, and call `got(i, reply)` once a text as it comes, in any order."""
        if not texts:
            self._check(demonstrations)
            return
        self.show(demonstrations)
        given_up = ""
        for first in range(0, len(texts), AT_ONCE):
            batch = self.begin(texts[first : first + AT_ONCE], _shifted(got, first))
            self._ask(batch, given_up)
            given_up = self.stopped

    def show(self, demonstrations: Sequence[Demonstration]) -> None:
        """Take these as demonstrations from now on.

        Raises LabelError where one bears a label that the schema does not name.
        """
        self._check(demonstrations)
        if self._chooser is None:
            self._chooser = self._choosing.chooser(demonstrations, self._retriever)
        elif self._chooser.all != tuple(demonstrations):
            self._chooser = self._chooser.among(demonstrations)

    def _check(self, demonstrations: Sequence[Demonstration]) -> None:
        for demonstration in demonstrations:
            for span in demonstration.entities:
                self.schema.check(span.label)

    def begin(self, texts: Sequence[str], got: Callable[[int, Reply], None], shots: int | None = None) -> Batch:
        """Return the texts with what is to be asked about each, for whoever asks; needs `show` before.

        got: as `stream` calls it, at once for texts that need no answer. shots: as set by default.
        """
        assert self._chooser is not None
        batch = Batch(self.schema, self.form, texts, got)
        self._prepare(batch, self._chooser if shots is None else self._chooser.of(shots))
        batch.begin()
        return batch

    def recalled(self, batch: Batch) -> list[str]:
        """Answer what was asked before from memory; returns the keys that are left to ask."""
        found = self._memory.recall(list(batch.by_key))
        self._n_recalled += len(found)
        for key, answer in found.items():
            batch.answered(key, answer)
        return [key for key in batch.by_key if key not in found]

    def asked(self, batch: Batch, key: str, answer: Answer) -> Asked:
        """Return what memory keeps of an answered request."""
        text = batch.texts[batch.by_key[key][0].i]
        return Asked(text, key, prompt_hash(batch.request(key)), self.model, answer)

    @cached_property
    def _window(self) -> Window | None:
        return self._ask_window()

    def _prepare(self, batch: Batch, chooser: DemonstrationChooser) -> None:
        """Split, choose demonstrations, and render each part's request."""
        size, overlap = self._splitting.sizes(self._window, self.form, self.schema)
        for i, text in enumerate(batch.texts):
            if not as_text(text).strip():
                # Nothing that shows can be in it, and models asked all the same make something up.
                blank = Answer(Status.OK, n_attempts=0)
                batch.parts.append(Part(i, Place(0, len(text)), text, answer=blank))
                continue
            places = windows(text, size, overlap=overlap, measure=estimate_text)
            batch.parts += [Part(i, place, place.of(text)) for place in places]
        asked = [part for part in batch.parts if part.answer is None]
        chosen = chooser.choose([part.text for part in asked])
        decided_by = {
            **self._transport.identity,
            "form": self.form.name,
            "form_version": self.form.version,
            "parser": PARSER,
        }
        prompts: dict[int, list[Fitted | None]] = {}
        for part, nearest in zip(asked, chosen, strict=True):
            # A part's whole text is no demonstration of it either.
            near = [d for d in nearest if d.text != batch.texts[part.i]]
            of_text = prompts.setdefault(part.i, [])
            try:
                fitted = fit(self.form, part.text, near, self.schema, self._window)
            except WindowError as error:
                of_text.append(None)
                part.answer = Answer(Status.FAILED, error=str(error), n_attempts=0)
                continue
            of_text.append(fitted)
            part.shown = fitted.shown
            part.request = request(self.form, fitted.messages, self.schema)
            part.key = cache_key(part.request, decided_by)
        for of_text in prompts.values():
            self._dropping.add(of_text)

    def _ask(self, batch: Batch, given_up: str) -> None:
        """Answer the parts: those that need no request, those asked before, then the rest, equal ones once.

        given_up: why nothing is asked any more, "" where it is.
        """
        keys = self.recalled(batch)
        if given_up or not keys:
            for key in keys:
                batch.answered(key, Answer(Status.FAILED, error=f"not sent: {given_up}", n_attempts=0))
            return
        requests = [batch.request(key) for key in keys]
        with self._memory.keeping() as keep:

            def take(n: int, answer: Answer) -> None:
                if answer.n_attempts:
                    keep(self.asked(batch, keys[n], answer))
                batch.answered(keys[n], answer)

            self._transport.send(requests, take, lambda n, answer: batch.check(keys[n], answer))


def _shifted(got: Callable[[int, Reply], None], first: int) -> Callable[[int, Reply], None]:
    return lambda i, reply: got(first + i, reply)
