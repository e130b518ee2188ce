"""The tagger of the deep active learning paper. Source: Shen et al. 2017."""

from collections.abc import Sequence
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any, Self

from allabel.errors import MissingExtraError

try:
    from allabel.active.taggers.fitting import Training
    from allabel.active.taggers.networks.cnn_cnn_lstm import CnnCnnLstm
    from allabel.active.taggers.networks.decoder import TagDecoder
    from allabel.active.taggers.networks.tagger import TRAINING, NetworkTagger, shared
    from allabel.active.taggers.networks.word_cnn import WordCnn
    from allabel.active.taggers.networks.words import WordFeatures
    from allabel.active.taggers.word_loss import WordLossName
except ModuleNotFoundError as error:
    raise MissingExtraError(f"the cnn_cnn_lstm tagger needs {error.name}: pip install 'allabel[finetune]'") from error


@dataclass(frozen=True, slots=True)
class CnnSizes:
    """How large the network is.

    word, character, tag: of the embeddings. channels: of each word convolution. decoder: of the LSTM's state. dropout:
    the share dropped in every place. unknown_words: the share of words that training replaces by [UNK].
    """

    word: int = 100
    character: int = 50
    channels: int = 150
    tag: int = 25
    decoder: int = 64
    dropout: float = 0.4
    unknown_words: float = 0.5


class CnnCnnLstmTagger(NetworkTagger):
    """Characters and words by convolution, tags from left to right by an LSTM.

    free_running: in training, words whose tag is not known get the tag that the network itself would write there, as
    the previous tag of the next word; else a vector that stands for "not known". For the rest see `NetworkTagger`.
    """

    name = "cnn_cnn_lstm"

    def __init__(
        self,
        labels: Sequence[str],
        *,
        training: Training = TRAINING,
        incremental: bool = True,
        sizes: CnnSizes = CnnSizes(),
        free_running: bool = True,
        vectors: Path | None = None,
        lowercase: bool = True,
        everywhere: bool = False,
        loss: WordLossName = "cross_entropy",
        checkpoint: Path | None = None,
    ) -> None:
        super().__init__(
            labels,
            training=training,
            incremental=incremental,
            vectors=vectors,
            lowercase=lowercase,
            everywhere=everywhere,
            loss=loss,
            checkpoint=checkpoint,
        )
        self._sizes, self._free_running = sizes, free_running

    def _build(self) -> CnnCnnLstm:
        sizes = self._sizes
        features = WordFeatures(
            word_size=sizes.word,
            character_size=sizes.character,
            characters="cnn",
            dropout=sizes.dropout,
            unknown_words=sizes.unknown_words,
        )
        encoder = WordCnn(features.size, sizes.channels, sizes.dropout)
        decoder = TagDecoder(
            len(self._scheme),
            encoder.size,
            tag_size=sizes.tag,
            size=sizes.decoder,
            dropout=sizes.dropout,
            n_drawn=sizes.channels,
        )
        return CnnCnnLstm(features, encoder, decoder, free_running=self._free_running)

    def _options(self) -> dict[str, Any]:
        return {"sizes": asdict(self._sizes), "free_running": self._free_running}

    @classmethod
    def _of(cls, told: dict[str, Any]) -> Self:
        options = told["options"]
        sizes = CnnSizes(**options["sizes"])
        return cls(told["labels"], sizes=sizes, free_running=options["free_running"], **shared(told))
