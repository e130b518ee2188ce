"""Retrievers by name, put together from settings; what they cannot do becomes a message for the user."""

from collections.abc import Callable, Sequence
from typing import Any, Protocol

from allabel.config import Settings
from allabel.errors import InputError, MissingExtraError
from allabel.plugins import load, made, not_one, takes
from retrieval.base import MissingPackageError, RetrievalError, Retriever, Similarity

# What tagging asks of an index, and what choosing asks besides.
_RANKS, _LIKENS = ("__len__", "search"), ("blocks", "to", "means", "vectors")


class Index(Retriever, Similarity, Protocol):
    """What stages and annotators share: a ranking of the texts and how alike they are."""


def retriever(settings: Settings) -> Callable[[Sequence[str]], Index]:
    """Return what builds the index that the settings name; it raises InputError where one cannot be built.

    A retriever is called with the texts alone, or, where it has a parameter `encoder`, with that setting too.
    """
    name = settings.retriever
    factory: Any = load("retrievers", name)
    options = {"encoder": settings.encoder} if takes(factory, "encoder") else {}

    def build(texts: Sequence[str]) -> Index:
        try:
            index: Index = made("retrievers", name, lambda: factory(texts, **options), _RANKS)
        except MissingPackageError as error:
            raise MissingExtraError(str(error)) from error
        except RetrievalError as error:
            raise InputError(str(error)) from error
        return index

    return build


def similarity(settings: Settings) -> Callable[[Sequence[str]], Index]:
    """Return what `retriever` does; it raises PluginError where an index ranks, and cannot say how alike texts are."""
    build = retriever(settings)

    def checked(texts: Sequence[str]) -> Index:
        index = build(texts)
        if missing := [one for one in _LIKENS if not hasattr(index, one)]:
            problem = f"it has no {missing[0]!r}, so that texts can be tagged with it and none can be chosen"
            raise not_one("retrievers", settings.retriever, problem)
        return index

    return checked
