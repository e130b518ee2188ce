"""Which tags of a labelling configuration of Label Studio are taken for ours."""

import pytest

from allabel.errors import InputError
from allabel.server.protocols.label_config import labelling

OURS = ("Solvent", "Product")
LABELS = '<Label value="Solvent"/><Label value="Product" background="green"/>'


def config(labels=LABELS, control='name="tags" toName="body"', text='name="body" value="$content"'):
    return f"<View><Header value='x'/><Labels {control}>{labels}</Labels><Text {text}/></View>"


def test_names_field_and_labels_come_from_the_tags():
    found = labelling(config(), OURS)
    assert (found.from_name, found.to_name, found.field) == ("tags", "body", "content")
    assert found.labels == ("Solvent", "Product")


def test_tags_and_attributes_may_be_written_in_any_case_and_labels_nested():
    text = config(f"<View>{LABELS}</View>").replace("Labels", "labels").replace("toName", "toname")
    assert labelling(text, OURS) == labelling(config(), OURS)


def test_a_label_is_called_by_its_alias_where_it_has_one():
    found = labelling(config('<Label value="Lösungsmittel" alias="Solvent"/>'), OURS)
    assert found.labels == ("Solvent",)


def test_labels_of_another_tag_are_not_taken_for_labels_of_text():
    text = config().replace("</View>", '<Choices name="c" toName="body"><Label value="Apparatus"/></Choices></View>')
    assert labelling(text, OURS).labels == ("Solvent", "Product")


def test_of_several_pairs_that_with_most_of_our_labels_is_taken():
    other = '<Labels name="first" toName="body"><Label value="Product"/><Label value="A"/><Label value="B"/></Labels>'
    assert labelling(config().replace("<Labels", f"{other}<Labels", 1), OURS).from_name == "tags"


def test_a_text_is_found_in_its_field_and_in_a_field_of_a_field():
    assert labelling(config(), OURS).text({"content": "in DMF", "text": "another"}) == "in DMF"
    nested = labelling(config(text='name="body" value="$page.body"'), OURS)
    assert nested.text({"page": {"body": "in DMF"}}) == "in DMF"
    assert nested.text({"page.body": "with a full stop", "page": {"body": "in DMF"}}) == "with a full stop"
    assert [nested.text(data) for data in ({}, {"page": "x"}, {"page": {"body": 3}}, {"page": None})] == [None] * 4


@pytest.mark.parametrize(
    ("text", "told"),
    [
        (config('<Label value="solvent"/>'), "there they are 'solvent', here 'Solvent', 'Product'"),
        (config("", control='name="tags" toName="body" value="$labels"'), "made from the task"),
        (config(control='name="tags" toName="picture"'), "no <Labels> over a <Text>"),
        (config().replace("<Text", "<HyperText"), "no <Labels> over a <Text>"),
        (config(text='name="body" value="$url" valueType="url"'), "valueType"),
        (config(text='name="body" value="$x" encoding="base64"'), "encoding"),
        (config(text='name="body" value="always the same"'), "names a field"),
        ("", "no XML"),
        ("<View><Labels></View>", "no XML"),
        ("{}", "no XML"),
    ],
)
def test_a_configuration_that_cannot_be_used_is_refused_with_the_reason(text, told):
    with pytest.raises(InputError, match=told):
        labelling(text, OURS)


@pytest.mark.parametrize(
    "declared",
    [
        '<!DOCTYPE View [<!ENTITY a "Solvent">]>',
        '<!DOCTYPE View [<!ENTITY a SYSTEM "file:///etc/hostname">]>',
        '<!DOCTYPE View SYSTEM "http://127.0.0.1:1/x.dtd">',
    ],
)
def test_entities_are_never_declared(declared):
    with pytest.raises(InputError, match="document type"):
        labelling(declared + config('<Label value="&a;"/>' if "ENTITY" in declared else LABELS), OURS)


def test_a_declared_encoding_changes_no_label():
    text = '<?xml version="1.0" encoding="iso-8859-1"?>' + config('<Label value="Säure"/>')
    assert labelling(text, ["Säure"]).labels == ("Säure",)


def test_a_comment_that_speaks_of_doctypes_is_a_comment():
    assert labelling("<!-- no <!DOCTYPE here -->" + config(), OURS).from_name == "tags"
