"""doccano's auto labelling: its request, and its mapping templates over what comes back."""

import json

import pytest
from jinja2 import Template
from served import sentences

pytestmark = pytest.mark.enable_socket
SHORT = "{{ input | tojson }}"
LONG = """[
  {% for one in input %}
  {"label": {{ one.label | tojson }}, "start_offset": {{ one.start_offset }}, "end_offset": {{ one.end_offset }}}
  {% if not loop.last %},{% endif %}
  {% endfor %}
]"""
TEXT = '🧪 <b>"Cafe\u0301"</b> & ' + sentences("test", 1)[0].text


def units(text: str, start: int, end: int) -> str:
    """Return a stretch that is counted as a browser counts, and doccano's pages with it."""
    return text.encode("utf-16-le")[2 * start : 2 * end].decode("utf-16-le")


@pytest.mark.parametrize("template", [SHORT, LONG])
@pytest.mark.parametrize("text", [TEXT, "Nothing."])
def test_the_templates_give_the_entities_of_tag(api, template, text):
    # doccano renders with jinja2 and loads the outcome as JSON (auto_labeling_pipeline/mappings.py).
    got = json.loads(Template(template).render(input=api.post("/doccano", json={"text": text}).json()))
    tagged = api.post("/v1/tag", json={"text": text}).json()["documents"][0]["entities"]
    found = [(one["label"], units(text, one["start_offset"], one["end_offset"])) for one in got]
    assert found == [(e["label"], e["text"]) for e in tagged]
    assert [one["start_offset"] for one in got] == [e["start"] + 1 for e in tagged], "the tube is two units"
    assert bool(got) == (text == TEXT)


@pytest.mark.filterwarnings("ignore::DeprecationWarning")  # its models are written for pydantic 1
@pytest.mark.parametrize("template", [SHORT, LONG])
def test_doccanos_own_pipeline_gives_the_entities_of_tag(api, url, template):
    pytest.importorskip("auto_labeling_pipeline", reason="doccano's pipeline: pip install auto-labeling-pipeline")
    from auto_labeling_pipeline.labels import SequenceLabels
    from auto_labeling_pipeline.mappings import MappingTemplate
    from auto_labeling_pipeline.models import CustomRESTRequestModel
    from auto_labeling_pipeline.pipeline import pipeline
    from auto_labeling_pipeline.postprocessing import PostProcessor

    model = CustomRESTRequestModel(
        url=f"{url}/doccano", method="POST", params={}, headers={}, body={"text": "{{ text }}"}
    )
    found = pipeline(TEXT, model, MappingTemplate(SequenceLabels, template), PostProcessor({})).dict()
    assert found == api.post("/doccano", json={"text": TEXT}).json()


@pytest.mark.parametrize("template", [SHORT, LONG])
def test_a_problem_is_never_read_as_a_text_without_entities(api, template):
    answer = api.post("/doccano", json={"sentence": TEXT})
    assert answer.status_code == 422

    def read() -> list[dict]:
        return [{**one} for one in json.loads(Template(template).render(input=answer.json()))]

    with pytest.raises(TypeError):
        read()
