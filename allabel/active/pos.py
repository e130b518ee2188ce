"""Part-of-speech tags (Penn): the data's own where it has them, else those of textblob, which needs no download."""

import warnings
from collections.abc import Callable, Sequence
from dataclasses import replace
from typing import Any

from allabel.active.sentence import Sentence
from allabel.errors import MissingExtraError

TagWords = Callable[[Sequence[str]], Sequence[str]]
NNP = "NNP"


def with_pos(sentences: Sequence[Sentence], tag_words: TagWords | None = None) -> list[Sentence]:
    """Return the sentences with a Penn tag for each word; those that have tags keep them.

    tag_words: words to tags, for those without; by default textblob's, whose known mistakes are words in capitals
    ("EU" becomes a common noun) and plurals at the start of a sentence. A spaCy model goes here as well.
    Raises MissingExtraError where a sentence has none and textblob is not installed.
    """
    if all(sentence.pos or not len(sentence) for sentence in sentences):
        return list(sentences)
    tag = tag_words or textblob_tags()
    return [
        sentence if sentence.pos or not len(sentence) else replace(sentence, pos=tuple(tag(sentence.words)))
        for sentence in sentences
    ]


def textblob_tags() -> TagWords:
    """Return the tagger of textblob: each word as it is given gets one tag. Raises MissingExtraError."""
    try:
        from textblob.en import parser
    except ImportError as error:
        raise MissingExtraError(
            "the sentences have no part-of-speech tags, and tagging them needs textblob",
            remedy="pip install 'allabel[finetune]', or read data that has a column of Penn tags",
        ) from error
    # Its tagger for tokens: the one for texts would cut words at slashes and commas of its own accord.
    find: Any = parser.find_tags
    with warnings.catch_warnings():
        # It reads its word list on first use and leaves the file open.
        warnings.simplefilter("ignore", ResourceWarning)
        find(["a"])
    return lambda words: [tag for _, tag in find(list(words))]
