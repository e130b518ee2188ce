"""A pre-trained encoder fine-tuned to tag words: DistilBERT by default, any encoder of Hugging Face by name or path."""

import copy
from collections.abc import Sequence
from pathlib import Path
from typing import Any, ClassVar, Self

import numpy as np

from allabel.errors import InputError, LabelError, MissingExtraError

try:
    from allabel.active.taggers import devices
    from allabel.active.taggers.checkpoint import fingerprint
    from allabel.active.taggers.crf_layer import CrfLayer
    from allabel.active.taggers.encoder_files import read, write
    from allabel.active.taggers.encoder_loss import Lesson
    from allabel.active.taggers.encoder_model import EncoderModel, TagNetwork, decisions, marginals
    from allabel.active.taggers.encoder_network import load_encoder, load_tokenizer, parameter_groups, set_dropout
    from allabel.active.taggers.encoder_rows import only_seen
    from allabel.active.taggers.encoder_sampling import stochastic_scores
    from allabel.active.taggers.fitting import Training, train
    from allabel.active.taggers.folder import damaged
    from allabel.active.taggers.held_out import hold_out, strict_f1
    from allabel.active.taggers.word_loss import WordLossName, check_loss
except ModuleNotFoundError as error:
    raise MissingExtraError(f"the distilbert tagger needs {error.name}: pip install 'allabel[finetune]'") from error

from allabel.active.base import Fitted, FloatArray, IntArray, Prediction, Progress, Tell, check_tags
from allabel.active.sentence import Sentence, tag_set

ENCODER = "distilbert-base-cased"
TRAINING = Training()
# Sentences whose stochastic passes are in memory at once.
SAMPLED_AT_ONCE = 128


class EncoderTagger:
    """Tags words with a fine-tuned encoder; each `fit` starts from the pre-trained weights.

    encoder: its name on the Hugging Face hub, or the path of its folder. layers: keep so many of its first layers, None
    for all. crf: decide on whole sentences by a linear-chain CRF; constrained: never on an `I-` that continues nothing.
    loss: of a word's decision, see `word_losses`; a CRF has its own. freeze_embeddings: learn all but those.
    head_learning_rate: None for the same as the encoder's. dropout: None for what the encoder has. stochastic_layers:
    how many of the last layers drop out in `sample`, beside the head; None for all. checkpoint: a file that `fit`
    writes after each epoch and goes on from.
    Source: Devlin et al. 2019; a word's score is its first piece's.
    """

    name = "distilbert"
    learns_partly: ClassVar[bool] = True

    def __init__(
        self,
        labels: Sequence[str],
        *,
        encoder: str = ENCODER,
        training: Training = TRAINING,
        layers: int | None = None,
        crf: bool = False,
        constrained: bool = False,
        loss: WordLossName = "cross_entropy",
        freeze_embeddings: bool = False,
        head_learning_rate: float | None = None,
        dropout: float | None = None,
        stochastic_layers: int | None = 1,
        checkpoint: Path | None = None,
    ) -> None:
        if constrained and not crf:
            raise InputError(
                "constrained is True and crf is False",
                remedy="set crf too, or leave it out: without a CRF nothing is constrained",
            )
        check_loss(loss, self.name, crf=crf)
        self.labels, self.tags = tuple(labels), tag_set(labels)
        self._training, self._checkpoint = training, checkpoint
        self._options: dict[str, Any] = {
            "encoder": encoder,
            "layers": layers,
            "crf": crf,
            "constrained": constrained,
            "loss": loss,
            "freeze_embeddings": freeze_embeddings,
            "head_learning_rate": head_learning_rate,
            "dropout": dropout,
            "stochastic_layers": stochastic_layers,
        }
        self._trained: EncoderModel | None = None

    def fit(
        self,
        sentences: Sequence[Sentence],
        *,
        seed: int,
        tell: Tell = lambda line: None,
        progress: Progress = lambda done, of: None,
    ) -> Fitted:
        """Train. Same sentences and seed, same machine: same weights. tell, progress: see `TokenTagger`.

        Raises InputError where no word is annotated, the encoder cannot be had, or the checkpoint is of something else;
        LabelError where a tag is not among `tags`; AllabelError where memory runs out. Whatever is raised, the tagger
        stays what it was.
        """
        check_tags(sentences, self.tags)
        learned, held = hold_out(sentences, self._training.held_out, seed)
        if not learned:
            raise InputError("no word is annotated", remedy="annotate a sentence, or a word of one, before training")
        options = self._options
        with devices.seeded(seed):
            model = self._made(options["encoder"])
        if options["freeze_embeddings"]:
            model.network.encoder.get_input_embeddings().requires_grad_(False)
        lesson = Lesson(model, [sentences[i] for i in learned], self.tags, loss=options["loss"])
        held_out = [sentences[i] for i in held]

        def held_out_f1() -> float:
            return strict_f1(held_out, [prediction.tags for prediction in self._predict(model, held_out)])

        ids = [window.ids for window in (*lesson.windows, *model.pieces.windows(held_out))]
        with only_seen(model.network.encoder, [*ids, np.array([model.pad])]):
            done = train(
                model.network,
                lesson.lengths,
                lesson.loss,
                self._training,
                seed=seed,
                held_out_f1=held_out_f1 if held_out else None,
                tell=tell,
                progress=progress,
                groups=parameter_groups(
                    model.network, model.network.encoder, self._training, options["head_learning_rate"]
                ),
                checkpoint=self._checkpoint,
                of=fingerprint(sentences, self.labels, repr(options)),
            )
        self._trained = model
        return done.fitted(sentences)

    def predict_proba(self, sentences: Sequence[Sentence]) -> list[FloatArray]:
        """Return (n_words, n_tags) for each sentence, in order; rows sum to 1. Raises InputError before training."""
        model = self._model()
        return marginals(model.scores(sentences), _exact(model))

    def predict(self, sentences: Sequence[Sentence]) -> list[Prediction]:
        """Return the likeliest tags of each sentence, in order. Raises InputError before training."""
        return self._predict(self._model(), sentences)

    def predict_both(self, sentences: Sequence[Sentence]) -> tuple[list[Prediction], list[FloatArray]]:
        """Return what `predict` and `predict_proba` return, from one pass. Raises InputError before training."""
        model = self._model()
        scores, crf = model.scores(sentences), _exact(model)
        return self._decided(scores, crf), marginals(scores, crf)

    def sample(self, sentences: Sequence[Sentence], n_passes: int, seed: int) -> list[IntArray]:
        """Return (n_passes, n_words) positions in `tags` for each sentence: the decision of each pass with dropout.

        Same sentences, seed and machine: same decisions. Raises InputError before training, or where the encoder's
        layers cannot be told apart.
        """
        model = self._model()
        crf = _exact(model)
        found: list[IntArray] = []
        for start in range(0, len(sentences), SAMPLED_AT_ONCE):
            some = sentences[start : start + SAMPLED_AT_ONCE]
            for scores in stochastic_scores(model, some, n_passes, seed + start, self._options["stochastic_layers"]):
                chains = [tags for tags, _ in decisions(list(scores), crf)] if crf is not None else scores.argmax(-1)
                found.append(np.asarray(chains, dtype=np.int64).reshape(n_passes, scores.shape[1]))
        return found

    def save(self, folder: Path) -> None:
        """Write a folder that `load` reads, and `transformers.pipeline("token-classification", model=folder)`.

        A word's tag is that of its first piece, there too: `aggregation_strategy="first"`.
        What was there before is replaced only when everything is written. Raises InputError before training, or where
        the disk refuses.
        """
        write(folder, self.name, self._model(), self.labels, self._options, self._training)

    @classmethod
    def load(cls, folder: Path, *, labels: Sequence[str] | None = None) -> Self:
        """Read a saved tagger. labels: what it should know, None where any will do.

        Raises InputError naming the folder and what is wrong with it; LabelError where it knows other labels.
        """
        told = read(folder, cls.name)
        if labels is not None and set(labels) != set(told.labels):
            raise LabelError(
                f"the tagger knows the labels {', '.join(told.labels)}, and asked for are {', '.join(labels)}",
                file=folder,
                remedy="train one with these labels, or load it with its own",
            )
        try:
            tagger = cls(told.labels, training=told.training, **told.options)
        except (TypeError, ValueError) as error:
            raise damaged(folder, error) from error
        tagger._trained = tagger._made(str(folder), pretrained=False)
        told.restore(tagger._trained.network)
        return tagger

    def _made(self, encoder: str, *, pretrained: bool = True) -> EncoderModel:
        """Build the network, its head drawn by chance where it is a pre-trained encoder's."""
        options, device = self._options, devices.device(self._training.device)
        network = TagNetwork(
            load_encoder(encoder, self.tags, options["layers"], device, pretrained=pretrained),
            CrfLayer(self.tags, constrained=options["constrained"]) if options["crf"] else None,
        )
        if options["dropout"] is not None:
            set_dropout(network, options["dropout"])
        return EncoderModel(network, load_tokenizer(encoder), device, self._training.precision)

    def _predict(self, model: EncoderModel, sentences: Sequence[Sentence]) -> list[Prediction]:
        return self._decided(model.scores(sentences), _exact(model))

    def _decided(self, scores: Sequence[FloatArray], crf: CrfLayer | None) -> list[Prediction]:
        return [Prediction(tuple(self.tags[i] for i in tags), log) for tags, log in decisions(scores, crf)]

    def _model(self) -> EncoderModel:
        if self._trained is None:
            raise InputError("the tagger is not trained", remedy="call fit, or load a saved one")
        return self._trained


def _exact(model: EncoderModel) -> CrfLayer | None:
    """Return the model's CRF in double precision on the processor, where chains are decided."""
    return copy.deepcopy(model.network.crf).cpu().double() if model.network.crf is not None else None
