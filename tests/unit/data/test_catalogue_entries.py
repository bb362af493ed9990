"""What a department may send as an entry, and what linked data is made of it."""

from __future__ import annotations

from typing import Any

import jsonschema
import pytest

from backends.data.dcat import catalogue_page
from backends.data.demo import all_datasets
from backends.data.errors import DatasetInvalid
from backends.data.model import Dataset, Rows, RowsFile, all_distributions, entry_of, publication_of
from tests.unit.data.datasets import ENVIRONMENT, NOW, body, both, dataset, entry

BASE = "https://data.city.example"


def form(**changes: Any) -> dict[str, Any]:
    return {"title": both("a"), "format": "CSV", "accessUrl": "https://x", **changes}


def test_what_is_sent_is_what_stands() -> None:
    found = publication_of(id="air", body=body(dataset=entry(districts=["110108", "110101", "110101"])))
    assert found.entry.districts == ("110101", "110108")
    assert (found.entry.publisher.uscc, found.entry.theme.value) == (ENVIRONMENT, "ENVI")
    assert found.table is not None
    assert entry_of(found.said) == found.entry


def test_the_order_of_members_makes_no_other_version() -> None:
    sent = body()
    turned = {"table": sent["table"], "dataset": dict(reversed(sent["dataset"].items()))}
    assert publication_of(id="air", body=turned).checksum == publication_of(id="air", body=sent).checksum
    assert publication_of(id="air", body=body(table=None)).checksum != publication_of(id="air", body=sent).checksum


@pytest.mark.parametrize(
    ("changes", "field"),
    [
        ({"title": both("", "x")}, "dataset.title.zh"),
        ({"title": both("x" * 121)}, "dataset.title.zh"),
        ({"title": {"zh": "题"}}, "dataset.title.en"),
        ({"title": "题"}, "dataset.title"),
        ({"title": both("题\u202e", "x")}, "dataset.title.zh"),
        ({"description": both("x" * 2001)}, "dataset.description.zh"),
        ({"publisher": {"uscc": "1" * 18, "name": both("a")}}, "dataset.publisher.uscc"),
        ({"theme": "WEATHER"}, "dataset.theme"),
        ({"theme": None}, "dataset.theme"),
        ({"keywords": []}, "dataset.keywords"),
        ({"keywords": ["a"] * 13}, "dataset.keywords"),
        ({"keywords": ["a", 1]}, "dataset.keywords[1]"),
        ({"licence": "MINE"}, "dataset.licence"),
        ({"issued": "2026-13-01"}, "dataset.issued"),
        ({"periodicity": "OFTEN"}, "dataset.periodicity"),
        ({"districts": ["999999"]}, "dataset.districts"),
        ({"districts": [["110101"]]}, "dataset.districts"),
        ({"contact": {"name": both("a"), "email": "x"}}, "dataset.contact.email"),
        ({"synthetic": "no"}, "dataset.synthetic"),
        ({"distributions": [{}] * 11}, "dataset.distributions"),
        ({"distributions": [form(format="EXE")]}, "dataset.distributions[0].format"),
        ({"distributions": [form(byteSize=-1)]}, "dataset.distributions[0].byteSize"),
        ({"distributions": [form(byteSize=True)]}, "dataset.distributions[0].byteSize"),
        ({"distributions": [form(checksum="abc")]}, "dataset.distributions[0].checksum"),
        *(
            ({"distributions": [form(accessUrl=url)]}, "dataset.distributions[0].accessUrl")
            for url in ("javascript:alert(1)", "ftp://x/", "https://", "https://a b/", "//x", "https://[", "data:,x")
        ),
        ({"more": 1}, "dataset"),
    ],
)  # fmt: skip
def test_what_is_no_entry_is_refused_by_its_place(changes: dict[str, Any], field: str) -> None:
    with pytest.raises(DatasetInvalid) as refused:
        publication_of(id="air", body=body(dataset={**entry(), **changes}))
    assert refused.value.field == field


@pytest.mark.parametrize("id", ["", "-a", "A", "a/b", "a" * 64, "../x", "a.b", "数据"])
def test_an_id_is_short_and_plain(id: str) -> None:
    with pytest.raises(DatasetInvalid) as refused:
        publication_of(id=id, body=body())
    assert refused.value.field == "id"


def test_a_dataset_leads_to_data() -> None:
    with pytest.raises(DatasetInvalid) as refused:
        publication_of(id="air", body={"dataset": entry(distributions=[]), "table": None})
    assert refused.value.field == "dataset.distributions"


# What DCAT-AP 3.0.0 makes mandatory (Catalogue: description, publisher, title; Dataset: description, title;
# Distribution: access URL; Agent: name; Checksum: algorithm, value), and the datatypes that it gives its literals.
# Written from the specification and from nothing of ours: no SHACL processor is installed.
IRI = {
    "type": "object",
    "required": ["@id"],
    "properties": {"@id": {"type": "string", "pattern": r"^(https?|urn|mailto|spdx|hydra):\S+$"}},
}
LITERALS = {
    "type": "array",
    "minItems": 1,
    "items": {
        "type": "object",
        "required": ["@language", "@value"],
        "additionalProperties": False,
        "properties": {"@language": {"enum": ["zh", "en"]}, "@value": {"type": "string", "minLength": 1}},
    },
}


def typed(datatype: str, pattern: str) -> dict[str, Any]:
    return {
        "type": "object",
        "required": ["@type", "@value"],
        "additionalProperties": False,
        "properties": {"@type": {"const": datatype}, "@value": {"type": "string", "pattern": pattern}},
    }


AGENT = {
    "allOf": [IRI],
    "required": ["@type", "foaf:name"],
    "properties": {"@type": {"const": "foaf:Agent"}, "foaf:name": LITERALS},
}
DISTRIBUTION = {
    "allOf": [IRI],
    "required": ["@type", "dcat:accessURL", "dct:license", "dct:format"],
    "properties": {
        "@type": {"const": "dcat:Distribution"},
        "dct:title": LITERALS,
        "dcat:accessURL": IRI,
        "dcat:downloadURL": IRI,
        "dcat:mediaType": IRI,
        "dct:license": IRI,
        "dcat:byteSize": typed("xsd:nonNegativeInteger", r"^\d+$"),
        "spdx:checksum": {
            "required": ["@type", "spdx:algorithm", "spdx:checksumValue"],
            "properties": {
                "@type": {"const": "spdx:Checksum"},
                "spdx:algorithm": IRI,
                "spdx:checksumValue": typed("xsd:hexBinary", r"^[0-9a-f]{64}$"),
            },
        },
    },
}
DATASET = {
    "allOf": [IRI],
    "required": [
        "@type",
        "dct:title",
        "dct:description",
        "dcat:distribution",
        "dcat:contactPoint",
        "dcat:keyword",
        "dct:publisher",
    ],
    "properties": {
        "@type": {"const": "dcat:Dataset"},
        "dct:title": LITERALS,
        "dct:description": LITERALS,
        "dct:publisher": AGENT,
        "dcat:theme": {
            "allOf": [IRI],
            "properties": {
                "@id": {"pattern": "^http://publications.europa.eu/resource/authority/data-theme/[A-Z]{4}$"}
            },
        },
        "dct:accrualPeriodicity": {
            "allOf": [IRI],
            "properties": {"@id": {"pattern": "^http://publications.europa.eu/resource/authority/frequency/"}},
        },
        "dct:issued": typed("xsd:date", r"^\d{4}-\d\d-\d\d$"),
        "dct:modified": typed("xsd:dateTime", r"^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(\.\d+)?\+00:00$"),
        "dct:spatial": {"type": "array", "minItems": 1, "items": IRI},
        "dcat:contactPoint": {"required": ["vcard:fn", "vcard:hasEmail"], "properties": {"vcard:hasEmail": IRI}},
        "dcat:distribution": {"type": "array", "minItems": 1, "items": DISTRIBUTION},
    },
}
CATALOGUE = {
    "allOf": [IRI],
    "required": ["@context", "@type", "dct:title", "dct:description", "dct:publisher", "dcat:dataset"],
    "properties": {
        "@type": {"const": "dcat:Catalog"},
        "dct:title": LITERALS,
        "dct:description": LITERALS,
        "dct:publisher": AGENT,
        "dcat:dataset": {"type": "array", "items": DATASET},
    },
}
NAMESPACES = {
    "dcat": "http://www.w3.org/ns/dcat#", "dct": "http://purl.org/dc/terms/", "foaf": "http://xmlns.com/foaf/0.1/",
    "vcard": "http://www.w3.org/2006/vcard/ns#", "spdx": "http://spdx.org/rdf/terms#", "xsd": "http://www.w3.org/2001/XMLSchema#",
    "skos": "http://www.w3.org/2004/02/skos/core#", "hydra": "http://www.w3.org/ns/hydra/core#",
}  # fmt: skip


def prefixes(node: Any) -> set[str]:
    """Every prefix that stands in front of a name of the document: what the context must define."""
    match node:
        case dict():
            names = {key.split(":")[0] for key in node if ":" in key}
            kinds = {node["@type"].split(":")[0]} if isinstance(node.get("@type"), str) else set()
            return names.union(kinds, *map(prefixes, (v for k, v in node.items() if k != "@context")))
        case list():
            return set().union(*map(prefixes, node))
    return set()


def test_the_catalogue_is_dcat_ap() -> None:
    rows = Rows(3, RowsFile(10, "a" * 64), RowsFile(20, "b" * 64))
    whole = [Dataset(id, entry_of(said["dataset"]), 1, NOW, rows) for id, said in all_datasets().items()]
    page = catalogue_page(
        [(d, all_distributions(d, base_url=BASE)) for d in whole], base_url=BASE, here=None, behind="cursor+1"
    )
    jsonschema.Draft202012Validator(CATALOGUE).validate(page)
    assert len({d["@id"] for d in page["dcat:dataset"]}) == len(whole)
    assert NAMESPACES.items() <= page["@context"].items()
    assert prefixes(page) <= set(page["@context"])
    assert page["hydra:view"]["hydra:next"] == {"@id": f"{BASE}/catalogue.jsonld?after=cursor%2B1"}


@pytest.mark.parametrize(
    "broken",
    [
        lambda d: d.pop("dct:title"),
        lambda d: d["dcat:distribution"][0].pop("dcat:accessURL"),
        lambda d: d["dct:issued"].update({"@value": "yesterday"}),
        lambda d: d["dcat:distribution"].clear(),
        lambda d: d["dct:publisher"].pop("foaf:name"),
    ],
)
def test_the_check_of_dcat_ap_can_fail(broken: Any) -> None:
    one = dataset("air")
    page = catalogue_page([(one, all_distributions(one, base_url=BASE))], base_url=BASE, here=None, behind=None)
    broken(page["dcat:dataset"][0])
    with pytest.raises(jsonschema.ValidationError):
        jsonschema.Draft202012Validator(CATALOGUE).validate(page)


def test_one_dataset_as_linked_data() -> None:
    one = dataset("air", districts=["110101"])
    [node] = catalogue_page([(one, one.entry.distributions)], base_url=BASE, here=None, behind=None)["dcat:dataset"]
    assert node["@id"] == f"{BASE}/datasets/air"
    assert node["dct:modified"] == {"@type": "xsd:dateTime", "@value": "2026-11-22T04:00:00+00:00"}
    assert node["dct:spatial"] == [{"@id": "urn:gb:2260:110101", "@type": "dct:Location"}]
    assert node["dcat:distribution"][0]["dcat:accessURL"] == {"@id": "https://city.example/air"}
