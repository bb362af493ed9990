"""The catalogue as linked data: DCAT-AP 3 in JSON-LD, a page at a time.

Source: DCAT-AP 3.0.0; W3C DCAT 3; JSON-LD 1.1; Hydra Core (PartialCollectionView, which DCAT-AP advises for pages).
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, Final, TypeAlias
from urllib.parse import quote

from backends.data.model import Dataset, Distribution
from backends.data.vocabulary import Theme
from core.departments import GOVERNMENT_SERVICES
from core.locale import Text

Node: TypeAlias = dict[str, Any]

_DIVISIONS: Final = "urn:gb:2260:"
_USCC: Final = "urn:gb:32100:"
_THEMES: Final = "http://publications.europa.eu/resource/authority/data-theme"
_LANGUAGE: Final = "http://publications.europa.eu/resource/authority/language"
_MEDIA_TYPES: Final = "http://www.iana.org/assignments/media-types"
_CONTEXT: Final[Node] = {
    "dcat": "http://www.w3.org/ns/dcat#",
    "dct": "http://purl.org/dc/terms/",
    "foaf": "http://xmlns.com/foaf/0.1/",
    "vcard": "http://www.w3.org/2006/vcard/ns#",
    "skos": "http://www.w3.org/2004/02/skos/core#",
    "spdx": "http://spdx.org/rdf/terms#",
    "adms": "http://www.w3.org/ns/adms#",
    "hydra": "http://www.w3.org/ns/hydra/core#",
    "xsd": "http://www.w3.org/2001/XMLSchema#",
    "city": "https://citytong.dev/ns#",
}


def catalogue_page(
    datasets: Sequence[tuple[Dataset, Sequence[Distribution]]], *, base_url: str, here: str | None, behind: str | None
) -> Node:
    """One page of the catalogue.

    datasets: each with all its distributions. here: the cursor that the page was asked with. behind: that of the next
    page; None on the last.
    """
    return {
        "@context": _CONTEXT,
        "@id": f"{base_url}/catalogue",
        "@type": "dcat:Catalog",
        "dct:title": _text(Text(zh="北京市公共数据目录（演示）", en="Open data catalogue of Beijing (demonstration)")),
        "dct:description": _text(
            Text(
                zh="市级与区级部门公开的数据集。", en="Datasets that departments of the city and its districts publish."
            )
        ),
        "dct:publisher": _agent(GOVERNMENT_SERVICES.code, GOVERNMENT_SERVICES.name),
        "dct:language": [{"@id": f"{_LANGUAGE}/{one}"} for one in ("ZHO", "ENG")],
        "dcat:themeTaxonomy": {
            "@id": _THEMES,
            "@type": "skos:ConceptScheme",
            "dct:title": _text(Text(zh="欧盟数据主题", en="EU data themes")),
        },
        "dcat:dataset": [_dataset(dataset, forms, base_url) for dataset, forms in datasets],
        "hydra:view": _view(base_url, here, behind),
    }


def _view(base_url: str, here: str | None, behind: str | None) -> Node:
    page = f"{base_url}/catalogue.jsonld"
    view: Node = {"@id": _with_cursor(page, here), "@type": "hydra:PartialCollectionView", "hydra:first": {"@id": page}}
    return view if behind is None else {**view, "hydra:next": {"@id": _with_cursor(page, behind)}}


def _with_cursor(page: str, cursor: str | None) -> str:
    return page if cursor is None else f"{page}?after={quote(cursor, safe='')}"


def _dataset(dataset: Dataset, forms: Sequence[Distribution], base_url: str) -> Node:
    entry, iri = dataset.entry, f"{base_url}/datasets/{dataset.id}"
    return {
        "@id": iri,
        "@type": "dcat:Dataset",
        "dct:identifier": dataset.id,
        "dct:title": _text(entry.title),
        "dct:description": _text(entry.description),
        "dct:publisher": _agent(entry.publisher.uscc, entry.publisher.name),
        "dcat:theme": _theme(entry.theme),
        "dcat:keyword": list(entry.keywords),
        "dct:issued": {"@type": "xsd:date", "@value": entry.issued.isoformat()},
        "dct:modified": {"@type": "xsd:dateTime", "@value": dataset.modified.isoformat()},
        "dct:accrualPeriodicity": {"@id": entry.periodicity.iri},
        "dct:spatial": [{"@id": f"{_DIVISIONS}{c}", "@type": "dct:Location"} for c in entry.districts or ("110000",)],
        "dcat:contactPoint": {
            "@type": "vcard:Organization",
            "vcard:fn": _text(entry.contact.name),
            "vcard:hasEmail": {"@id": f"mailto:{entry.contact.email}"},
        },
        "dcat:version": str(dataset.version),
        "city:synthetic": entry.synthetic,
        "dcat:distribution": [_distribution(iri, i, form, dataset) for i, form in enumerate(forms)],
    }


def _distribution(iri: str, number: int, form: Distribution, dataset: Dataset) -> Node:
    node: Node = {
        "@id": f"{iri}#distribution-{number}",
        "@type": "dcat:Distribution",
        "dct:title": _text(form.title),
        "dct:format": {"@id": form.format.iri, "@type": "dct:MediaTypeOrExtent"},
        "dcat:mediaType": {"@id": f"{_MEDIA_TYPES}/{form.format.media_type}", "@type": "dct:MediaType"},
        "dct:license": {"@id": dataset.entry.licence.iri, "@type": "dct:LicenseDocument"},
        "dcat:accessURL": {"@id": form.access_url},
    }
    if form.download_url is not None:
        node["dcat:downloadURL"] = {"@id": form.download_url}
    if form.byte_size is not None:
        node["dcat:byteSize"] = {"@type": "xsd:nonNegativeInteger", "@value": str(form.byte_size)}
    if form.checksum is not None:
        node["spdx:checksum"] = {
            "@type": "spdx:Checksum",
            "spdx:algorithm": {"@id": "spdx:checksumAlgorithm_sha256"},
            "spdx:checksumValue": {"@type": "xsd:hexBinary", "@value": form.checksum},
        }
    return node


def _agent(uscc: str, name: Text) -> Node:
    return {"@id": f"{_USCC}{uscc}", "@type": "foaf:Agent", "foaf:name": _text(name), "dct:identifier": uscc}


def _theme(theme: Theme) -> Node:
    return {"@id": theme.iri, "@type": "skos:Concept", "skos:prefLabel": _text(theme.label)}


def _text(text: Text) -> list[Node]:
    return [{"@language": "zh", "@value": text.zh}, {"@language": "en", "@value": text.en}]
