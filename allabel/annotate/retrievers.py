"""Retrievers by name, put together from settings; what they cannot do becomes a message for the user."""

from collections.abc import Callable, Sequence
from typing import Any, Protocol

from allabel.config import Settings
from allabel.errors import InputError, MissingExtraError
from allabel.plugins import load, takes
from retrieval.base import MissingPackageError, RetrievalError, Retriever, Similarity


class Index(Retriever, Similarity, Protocol):
    """What stages and annotators share: a ranking of the texts and how alike they are."""


def retriever(settings: Settings) -> Callable[[Sequence[str]], Index]:
    """Return what builds the index that the settings name; it raises InputError where one cannot be built.

    A retriever is called with the texts alone, or, where it has a parameter `encoder`, with that setting too.
    """
    factory: Any = load("retrievers", settings.retriever)
    options = {"encoder": settings.encoder} if takes(factory, "encoder") else {}

    def build(texts: Sequence[str]) -> Index:
        try:
            index: Index = factory(texts, **options)
        except MissingPackageError as error:
            raise MissingExtraError(str(error)) from error
        except RetrievalError as error:
            raise InputError(str(error)) from error
        return index

    return build
