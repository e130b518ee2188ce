"""Many texts in requests that the server takes."""

from collections.abc import Sequence
from functools import partial

from allabel.client import asking, reading
from allabel.client.asking import Options
from allabel.client.errors import ApiError
from allabel.client.results import Tagged, Text
from allabel.client.retrying import Retries
from allabel.client.steps import Steps, asked

# Characters of one request: at most 8 MB as UTF-8, where a server takes 16 MB if nobody said otherwise.
CHARACTERS = 2_000_000


def tagging(texts: Sequence[Text], options: Options, retries: Retries, most: int) -> Steps[list[Tagged]]:
    """Tag texts, at most so many in a request and fewer where the server takes fewer; gives one result each, in order.

    Raises ApiError where a request fails; nothing is given then.
    """
    found: list[Tagged] = []
    while len(found) < len(texts):
        chunk = _chunk(texts, len(found), most)
        try:
            answer = yield from asked(asking.tag(chunk, options), retries)
        except ApiError as error:
            if error.status != 413 or len(chunk) == 1:
                raise
            most = len(chunk) // 2
            continue
        read = partial(reading.documents, texts=[one.text for one in chunk], place=len(found))
        found += reading.read(answer.body, read, answer.headers)
    return found


def _chunk(texts: Sequence[Text], start: int, most: int) -> Sequence[Text]:
    end, n_characters = start + 1, len(texts[start].text)
    while end < len(texts) and end - start < most:
        n_characters += len(texts[end].text)
        if n_characters > CHARACTERS:
            break
        end += 1
    return texts[start:end]
