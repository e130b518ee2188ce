"""A small network as a tagger: vocabulary, training, answers, saving."""

import copy
from abc import ABC, abstractmethod
from collections.abc import Mapping, Sequence
from dataclasses import asdict
from pathlib import Path
from typing import Any, ClassVar, Self

import numpy as np
import torch
from safetensors import SafetensorError
from safetensors.torch import load_file, save_file
from torch import Tensor

from allabel.active.base import Fitted, FloatArray, IntArray, Prediction, Progress, Tell, annotated, check_tags
from allabel.active.sentence import Sentence
from allabel.active.taggers import devices
from allabel.active.taggers.checkpoint import fingerprint
from allabel.active.taggers.fitting import Training, train
from allabel.active.taggers.folder import damaged, describe, description, replacing
from allabel.active.taggers.held_out import hold_out, strict_f1
from allabel.active.taggers.iobes import Iobes
from allabel.active.taggers.networks.answers import Answers
from allabel.active.taggers.networks.batch import Rows, form
from allabel.active.taggers.networks.network import Network
from allabel.active.taggers.vocabulary import Vocabulary, word_vectors
from allabel.active.taggers.word_loss import WordLossName, check_loss
from allabel.errors import InputError

_WEIGHTS = "model.safetensors"
# Found on gmb_subset without pre-trained vectors; AdamW where the papers have SGD.
TRAINING = Training(
    epochs=20,
    batch_sentences=8,
    learning_rate=4e-3,
    weight_decay=0.01,
    warmup=0.05,
    schedule="linear",
    patience=None,
    held_out=0.0,
    clip=5.0,
    precision="float32",
)


class NetworkTagger(ABC):
    """A tagger on a small network of its own words and characters.

    training: see `Training`. incremental: a second `fit` goes on from the last weights, with a fresh optimizer and rows
    for the new words; else each begins anew. vectors: a word2vec or GloVe text file that the embeddings of its words
    begin from. lowercase: word embeddings are of words in lower case; characters are as they stand. everywhere: passes
    of `sample` drop out in every layer, which costs as many predictions; else after the word encoder only. loss: of a
    word's decision, see `word_losses`. checkpoint: a file for training to go on from after a kill.
    """

    name: str
    learns_partly: ClassVar[bool] = True
    # Whether a linear chain decides on the tags.
    _crf: ClassVar[bool] = False

    def __init__(
        self,
        labels: Sequence[str],
        *,
        training: Training,
        incremental: bool,
        vectors: Path | None,
        lowercase: bool,
        everywhere: bool,
        loss: WordLossName,
        checkpoint: Path | None,
    ) -> None:
        check_loss(loss, self.name, crf=self._crf)
        self._labels, self._scheme = tuple(labels), Iobes(labels)
        self._training, self._incremental, self._vectors = training, incremental, vectors
        self._lowercase, self._everywhere, self._checkpoint = lowercase, everywhere, checkpoint
        self._loss: WordLossName = loss
        self._device = devices.device(training.device)
        self._words, self._characters = Vocabulary(), Vocabulary()
        self._network: Network | None = None

    @property
    def tags(self) -> tuple[str, ...]:
        """The IOB2 tags; the columns of `predict_proba`."""
        return self._scheme.iob2

    @abstractmethod
    def _build(self) -> Network:
        """Return the network, untrained, without words."""

    @abstractmethod
    def _options(self) -> dict[str, Any]:
        """Return what the constructor needs beyond what all taggers here share, as JSON has it."""

    def fit(
        self,
        sentences: Sequence[Sentence],
        *,
        seed: int,
        tell: Tell = lambda line: None,
        progress: Progress = lambda done, of: None,
    ) -> Fitted:
        """Train, or train on; sentences in which nothing is known only add words that `vectors` knows.

        Raises InputError where no word is annotated, LabelError where a tag is not among `tags`, AllabelError where
        memory runs out or the loss is no number any more. Whatever is raised, the tagger stays what it was.
        """
        check_tags(sentences, self.tags)
        annotated(sentences)
        before = self._words, self._characters, self._network
        if self._incremental:
            # Learning on changes these in place.
            before = copy.deepcopy(before)
        try:
            return self._fitted(sentences, seed, tell, progress)
        except BaseException:
            self._words, self._characters, self._network = before
            raise

    def _fitted(self, sentences: Sequence[Sentence], seed: int, tell: Tell, progress: Progress) -> Fitted:
        with devices.seeded(seed):
            network = self._prepared(sentences)
        chosen, held = hold_out(sentences, self._training.held_out, seed)
        learned, asked = [sentences[i] for i in chosen], [sentences[i] for i in held]
        rows = self._rows(learned)

        def loss(some: IntArray) -> Tensor:
            return network.loss(rows.training_batch(some, learned, self._scheme).to(self._device))

        history = train(
            network,
            [len(sentence) for sentence in learned],
            loss,
            self._training,
            seed=seed,
            held_out_f1=(lambda: strict_f1(asked, [p.tags for p in self.predict(asked)])) if asked else None,
            tell=tell,
            progress=progress,
            checkpoint=self._checkpoint,
            of=fingerprint(sentences, self._labels, repr((self.name, self._options(), self._lowercase, self._loss))),
        )
        return history.fitted(learned)

    def predict_proba(self, sentences: Sequence[Sentence]) -> list[FloatArray]:
        """Return (n_words, n_tags) for each sentence, in order; `B-` sums the network's B and S, `I-` its I and E."""
        return self._answers().ask(sentences, proba=True)[1]

    def predict(self, sentences: Sequence[Sentence]) -> list[Prediction]:
        """Return the network's tags as well-formed IOB2 (see `Iobes.read`); the log-probability is of its own tags."""
        return self._answers().ask(sentences, tags=True)[0]

    def predict_both(self, sentences: Sequence[Sentence]) -> tuple[list[Prediction], list[FloatArray]]:
        """Return what `predict` and `predict_proba` return; words are encoded once."""
        return self._answers().ask(sentences, tags=True, proba=True)

    def sample(self, sentences: Sequence[Sentence], n_passes: int, seed: int) -> list[IntArray]:
        """Return (n_passes, n_words) positions in `tags` for each sentence, of passes with dropout.

        Source: Gal & Ghahramani 2016 (Monte Carlo dropout).
        """
        answers = self._answers()
        drawn = answers.sample_everywhere if self._everywhere else answers.sample
        return drawn(sentences, n_passes, seed)

    def save(self, folder: Path) -> None:
        """Write weights (safetensors), words, characters and options."""
        state = {name: value.detach().cpu().contiguous() for name, value in self._trained.state_dict().items()}
        with replacing(folder) as new:
            save_file(state, new / _WEIGHTS)
            told = {
                "labels": self._labels,
                "training": asdict(self._training),
                "incremental": self._incremental,
                "vectors": None if self._vectors is None else str(self._vectors),
                "lowercase": self._lowercase,
                "everywhere": self._everywhere,
                "loss": self._loss,
                "options": self._options(),
                "words": list(self._words),
                "characters": list(self._characters),
            }
            describe(new, self.name, told)

    @classmethod
    def load(cls, folder: Path) -> Self:
        """Read a saved tagger, ready to tag and to be trained on. Raises InputError naming what is wrong."""
        told = description(folder, cls.name)
        path = folder / _WEIGHTS
        try:
            made = cls._of(told)
            made._words.add(told["words"])
            made._characters.add(told["characters"])
            weights = load_file(path)
            # Sizes are taken at their word when a network is built: first without memory, to see that they are true.
            with torch.device("meta"):
                if _shapes(made._grown().state_dict()) != _shapes(weights):
                    raise ValueError("the weights are not of the sizes that are told")
            network = made._grown()
            network.load_state_dict(weights)
        except (OSError, SafetensorError, RuntimeError, LookupError, TypeError, ValueError, AttributeError) as error:
            raise damaged(path, error) from error
        made._network = network.to(made._device).eval()
        return made

    def _grown(self) -> Network:
        """Return the network, untrained, with rows for all words and characters."""
        network = self._build()
        network.features.grow(len(self._words), len(self._characters))
        return network

    @classmethod
    @abstractmethod
    def _of(cls, told: dict[str, Any]) -> Self:
        """Return an untrained tagger of what `save` wrote."""

    @property
    def _trained(self) -> Network:
        if self._network is None:
            raise InputError("the tagger is not trained yet", remedy="call fit, or load one that was saved")
        return self._network

    def _prepared(self, sentences: Sequence[Sentence]) -> Network:
        """Return the network to train, with rows for every word there is to learn."""
        if self._network is None or not self._incremental:
            self._words, self._characters = Vocabulary(), Vocabulary()
            self._network = self._build().to(self._device)
        self._network.word_loss = self._loss
        known = [form(word, self._lowercase) for sentence in sentences if sentence.n_known for word in sentence.words]
        others = [form(w, self._lowercase) for sentence in sentences if not sentence.n_known for w in sentence.words]
        new = [word for word in dict.fromkeys(known) if word not in self._words]
        vectors = {}
        if self._vectors is not None:
            wanted = {word for word in (*new, *others) if word not in self._words}
            size = self._network.features.words.embedding_dim
            vectors = word_vectors(self._vectors, wanted, size)
            new += [word for word in dict.fromkeys(others) if word in vectors and word not in self._words]
        self._words.add(new)
        self._characters.add(character for sentence in sentences for word in sentence.words for character in word)
        self._network.features.grow(len(self._words), len(self._characters))
        begun = [word for word in new if word in vectors]
        if begun:
            weight = self._network.features.words.weight
            with torch.no_grad():
                weight[self._words.rows(begun)] = torch.from_numpy(np.stack([vectors[w] for w in begun])).to(weight)
        return self._network

    def _rows(self, sentences: Sequence[Sentence]) -> Rows:
        return Rows(sentences, self._words, self._characters, lowercase=self._lowercase)

    def _answers(self) -> Answers:
        return Answers(self._trained, self._scheme, self._rows, self._device)


def _shapes(weights: Mapping[str, Tensor]) -> dict[str, tuple[int, ...]]:
    return {name: tuple(weight.shape) for name, weight in weights.items()}


def shared(told: dict[str, Any]) -> dict[str, Any]:
    """Return the constructor's arguments that all taggers here share, of what `save` wrote."""
    return {
        "training": Training.of_saved(told["training"]),
        "incremental": told["incremental"],
        "vectors": None if told["vectors"] is None else Path(told["vectors"]),
        "lowercase": told["lowercase"],
        "everywhere": told["everywhere"],
        "loss": told["loss"],
    }
