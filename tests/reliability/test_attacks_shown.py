"""The attacks on language models, as a notebook shows them: a person reads every one of them as text."""

from html.parser import HTMLParser

from attacked_texts import attacks

from allabel.document import DocId, Document, Span
from allabel.reply import Grounding, Proposal, Reply, Status, TaggedDocument


class Read(HTMLParser):
    """What a page says, and the elements it is made of."""

    def __init__(self, html: str) -> None:
        super().__init__()
        self.said, self.elements = "", []
        self.feed(html)
        self.close()

    def handle_starttag(self, tag, attrs):
        self.elements.append(tag)

    def handle_data(self, data):
        self.said += data


def test_every_attacked_text_is_shown_to_its_last_character_and_none_becomes_markup():
    for attack in attacks():
        text = attack.text("attacked")
        found = Proposal("Chemical", text[:5], Span(0, 5, "Chemical"), Grounding.EXACT, 0.5)
        document = Document(DocId(attack.id), text, (Span(0, 5, "Chemical"),))
        for shown in (document, TaggedDocument(DocId(attack.id), text, Reply(Status.OK, (found,)), "chat", "m")):
            read = Read(shown._repr_html_())
            assert read.said.endswith(f"{text[:5]}Chemical{text[5:]}"), attack.id
            assert sorted(set(read.elements)) == ["b", "bdi", "div", "mark"]
            assert read.elements.count("mark") == 1
