"""The recurrent taggers, with and without a CRF. Source: Lample et al. 2016."""

from collections.abc import Sequence
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any, Literal, Self

from allabel.errors import MissingExtraError

try:
    from allabel.active.taggers.fitting import Training
    from allabel.active.taggers.networks.bilstm import BiLstm
    from allabel.active.taggers.networks.tagger import TRAINING, NetworkTagger, shared
    from allabel.active.taggers.networks.words import WordFeatures
    from allabel.active.taggers.word_loss import WordLossName
except ModuleNotFoundError as error:
    raise MissingExtraError(f"the bilstm taggers need {error.name}: pip install 'allabel[finetune]'") from error


@dataclass(frozen=True, slots=True)
class LstmSizes:
    """How large the network is.

    word, character: of the embeddings. characters: what reads them. state: of the LSTM, on each side. dropout: the
    share dropped in every place. unknown_words: the share of words that training replaces by [UNK].
    """

    word: int = 100
    character: int = 50
    characters: Literal["cnn", "lstm"] = "cnn"
    state: int = 100
    dropout: float = 0.4
    unknown_words: float = 0.5


class BiLstmTagger(NetworkTagger):
    """Words read from both sides; each word's tag decided by itself. For the parameters see `NetworkTagger`."""

    name = "bilstm"

    def __init__(
        self,
        labels: Sequence[str],
        *,
        training: Training = TRAINING,
        incremental: bool = True,
        sizes: LstmSizes = LstmSizes(),
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
        self._sizes = sizes

    def _build(self) -> BiLstm:
        sizes = self._sizes
        features = WordFeatures(
            word_size=sizes.word,
            character_size=sizes.character,
            characters=sizes.characters,
            dropout=sizes.dropout,
            unknown_words=sizes.unknown_words,
        )
        return BiLstm(features, self._scheme.tags, size=sizes.state, dropout=sizes.dropout, crf=self._crf)

    def _options(self) -> dict[str, Any]:
        return {"sizes": asdict(self._sizes)}

    @classmethod
    def _of(cls, told: dict[str, Any]) -> Self:
        return cls(told["labels"], sizes=LstmSizes(**told["options"]["sizes"]), **shared(told))


class BiLstmCrfTagger(BiLstmTagger):
    """Words read from both sides; a sentence's tags decided together by a linear chain."""

    name = "bilstm_crf"
    _crf = True
