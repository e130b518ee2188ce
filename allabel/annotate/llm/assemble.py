"""One reply out of the answers to a text's parts."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace

from allabel.annotate.base import Demonstration
from allabel.annotate.ground import ground_mentions
from allabel.annotate.llm.base import Answer, Mention, Request
from allabel.annotate.llm.long_texts import Window, merge
from allabel.annotate.llm.scores import scores
from allabel.annotate.perplexity import perplexity
from allabel.annotate.stale import shown
from allabel.reply import Grounding, Proposal, Reply, Status


@dataclass(slots=True)
class Part:
    """A window of text i: what is asked about it and what came of that. is_copy: another part's answer serves it."""

    i: int
    place: Window
    text: str
    shown: tuple[Demonstration, ...] = ()
    request: Request | None = None
    key: str = ""
    answer: Answer | None = None
    mentions: Sequence[Mention] = ()
    is_copy: bool = False


def assemble(text: str, parts: Sequence[Part], form: str, *, overlap: bool) -> Reply:
    """Return the reply to a text whose parts are all answered; the status of a part that is not `ok` is the reply's.

    A `failed` part comes before others, for it is asked again by a rerun. Perplexity is that of all parts' tokens,
    None where a part has none. overlap: whether the schema lets entities overlap.
    """
    answers = [part.answer for part in parts if part.answer is not None]
    bad = [answer for answer in answers if answer.status is not Status.OK]
    worst = next((answer for answer in bad if answer.status is Status.FAILED), bad[0] if bad else None)
    logprobs = [[token.logprob for token in answer.tokens] for answer in answers]
    asked = [part.answer for part in parts if part.answer is not None and not part.is_copy]
    return Reply(
        worst.status if worst else Status.OK,
        () if worst else _proposals(text, parts, overlap=overlap),
        perplexity([x for part in logprobs for x in part]) if all(logprobs) else None,
        shown(_distinct(parts)),
        worst.error if worst else "",
        "\n".join(answer.content for answer in answers),
        sum(answer.n_prompt_tokens for answer in asked),
        sum(answer.n_output_tokens for answer in asked),
        form,
    )


def _distinct(parts: Sequence[Part]) -> Iterable[Demonstration]:
    """Return the demonstrations that some part was shown, each once."""
    # A part is shown none twice; to compare them is to hash whole texts.
    return parts[0].shown if len(parts) == 1 else dict.fromkeys(d for part in parts for d in part.shown)


def _proposals(text: str, parts: Sequence[Part], *, overlap: bool) -> tuple[Proposal, ...]:
    found = [_found(part, overlap=overlap) for part in parts]
    if len(parts) == 1:
        proposals, conflicting = found[0]
        return (*proposals, *map(_spanless, conflicting))
    merged = merge(text, [part.place for part in parts], [proposals for proposals, _ in found])
    within = [proposal for _, conflicting in found for proposal in conflicting]
    return (*merged.proposals, *map(_spanless, (*merged.conflicting, *within)))


def _found(part: Part, *, overlap: bool) -> tuple[list[Proposal], list[Proposal]]:
    """Return what stands in a part and what only stands across that, each with its score, offsets in the part."""
    assert part.answer is not None
    grounded = ground_mentions(part.text, part.mentions, overlap=overlap)
    sure = scores(part.answer.content, part.answer.tokens, part.mentions)
    left = sorted({*range(len(sure))} - {*grounded.sources})
    return (
        [replace(p, score=sure[i]) for p, i in zip(grounded.proposals, grounded.sources, strict=True)],
        [replace(p, score=sure[i]) for p, i in zip(grounded.overlapping, left, strict=True)],
    )


def _spanless(proposal: Proposal) -> Proposal:
    return replace(proposal, span=None, grounding=Grounding.OVERLAPPING)
