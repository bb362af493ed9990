"""The GraphQL door: the catalogue and how it is searched, and the datasets of a district that another subgraph names.

A list is worked out when one of its fields is asked for, once for all of them; the same question within a request is
searched for once.
"""

from __future__ import annotations

import asyncio
from collections.abc import Sequence
from datetime import date, datetime
from typing import Final

import strawberry
from strawberry.federation import field

from backends.base.entities import judge_references
from backends.data import model
from backends.data.cost import PUBLISHERS_SHOWN_MAX
from backends.data.service import Catalogue
from backends.data.shelf import Answers, Question
from backends.data.vocabulary import Format, Periodicity, Theme
from core.graph import (
    PUBLIC,
    Connection,
    DepartmentType,
    Edge,
    Info,
    Int64,
    PageInfo,
    build_schema,
    connection_of,
    graphql_core_schema,
)
from core.loading import DataLoader
from core.paging import PageRequest

strawberry.enum(Theme, name="DataTheme", description="The EU's data themes (authority table data-theme).")
strawberry.enum(Periodicity, name="DataPeriodicity", description="How often data is brought up to date.")
strawberry.enum(Format, name="DataFormat")


class Loads:
    """One request's loads, each gathered over everything in the request that asks for it."""

    @classmethod
    def of(cls, info: Info) -> Loads:
        return info.context.once("data.loads", lambda: cls(info.context.service(Catalogue)))

    def __init__(self, catalogue: Catalogue) -> None:
        self._catalogue = catalogue
        self.dataset: DataLoader[str, model.Dataset | None] = DataLoader(self._datasets)
        self.answers: DataLoader[Question, Answers] = DataLoader(self._answers)

    async def _datasets(self, ids: list[str]) -> Sequence[model.Dataset | None]:
        return await self._catalogue.datasets(ids)

    async def _answers(self, questions: list[Question]) -> Sequence[Answers]:
        found = []
        for question in questions:
            found.append(await self._catalogue.find(question))
            await asyncio.sleep(0)  # a search is milliseconds of work: other requests go on between two
        return found


@strawberry.federation.type(directives=[PUBLIC], description="What a reader may do with the data.")
class DataLicence:
    code: str
    name: str
    url: str


@strawberry.federation.type(directives=[PUBLIC], description="A department's desk for questions about the data.")
class DataContact:
    name: str
    email: str


@strawberry.federation.type(directives=[PUBLIC], description="One form in which the data can be had.")
class Distribution:
    facts: strawberry.Private[model.Distribution]

    @strawberry.field
    def title(self, info: Info) -> str:
        return self.facts.title.in_(info.context.locale)

    @strawberry.field
    def format(self) -> Format:
        return self.facts.format

    @field(description="As IANA registers it.")
    def media_type(self) -> str:
        return self.facts.format.media_type

    @field(name="accessURL", description="A page or a file that leads to the data.")
    def access_url(self) -> str:
        return self.facts.access_url

    @field(name="downloadURL", description="The file itself.")
    def download_url(self) -> str | None:
        return self.facts.download_url

    @strawberry.field
    def byte_size(self) -> Int64 | None:
        return None if self.facts.byte_size is None else Int64(self.facts.byte_size)

    @field(description="SHA-256 of the file, in hexadecimal digits.")
    def checksum(self) -> str | None:
        return self.facts.checksum


@strawberry.federation.type(directives=[PUBLIC], keys=["id"], description="Something that the city publishes.")
class Dataset:
    facts: strawberry.Private[model.Dataset]

    @classmethod
    def of(cls, facts: model.Dataset) -> Dataset:
        return cls(facts=facts)

    @strawberry.field
    def id(self) -> strawberry.ID:
        return strawberry.ID(self.facts.id)

    @strawberry.field
    def title(self, info: Info) -> str:
        return self.facts.entry.title.in_(info.context.locale)

    @strawberry.field
    def description(self, info: Info) -> str:
        return self.facts.entry.description.in_(info.context.locale)

    @strawberry.field
    def publisher(self, info: Info) -> DepartmentType:
        return _department(self.facts.entry.publisher, info)

    @strawberry.field
    def theme(self) -> Theme:
        return self.facts.entry.theme

    @strawberry.field
    def theme_label(self, info: Info) -> str:
        return self.facts.entry.theme.label.in_(info.context.locale)

    @strawberry.field
    def keywords(self) -> list[str]:
        return list(self.facts.entry.keywords)

    @strawberry.field
    def licence(self) -> DataLicence:
        licence = self.facts.entry.licence
        return DataLicence(code=licence.code, name=licence.name, url=licence.iri)

    @field(description="When it was first published.")
    def issued(self) -> date:
        return self.facts.entry.issued

    @field(description="When this version came into the catalogue.")
    def modified(self) -> datetime:
        return self.facts.modified

    @strawberry.field
    def version(self) -> int:
        return self.facts.version

    @strawberry.field
    def periodicity(self) -> Periodicity:
        return self.facts.entry.periodicity

    @strawberry.field
    def periodicity_label(self, info: Info) -> str:
        return self.facts.entry.periodicity.label.in_(info.context.locale)

    @field(description="The districts that it names; none for the whole city.")
    def coverage(self) -> list[District]:
        return [District(code=strawberry.ID(code)) for code in self.facts.entry.districts]

    @strawberry.field
    def contact(self, info: Info) -> DataContact:
        contact = self.facts.entry.contact
        return DataContact(name=contact.name.in_(info.context.locale), email=contact.email)

    @field(description="True when the data is made by a program for the demonstration.")
    def synthetic(self) -> bool:
        return self.facts.entry.synthetic

    @field(description="How many rows the city serves itself; null when it serves none.")
    def row_count(self) -> int | None:
        return self.facts.rows.count if self.facts.rows else None

    @strawberry.field
    def distributions(self, info: Info) -> list[Distribution]:
        return [Distribution(facts=form) for form in info.context.service(Catalogue).distributions(self.facts)]

    @classmethod
    async def resolve_reference(cls, info: Info, id: strawberry.ID) -> Dataset | None:
        found = await Loads.of(info).dataset.load(id)
        return cls.of(found) if found else None


@strawberry.federation.type(directives=[PUBLIC], description="A theme, and how many datasets it has.")
class DatasetTheme:
    code: Theme
    label: str
    url: str
    count: int

    @classmethod
    def of(cls, theme: Theme, count: int, info: Info) -> DatasetTheme:
        return cls(code=theme, label=theme.label.in_(info.context.locale), url=theme.iri, count=count)


@strawberry.federation.type(directives=[PUBLIC], description="A publisher, and how many datasets it has.")
class DatasetPublisher:
    publisher: DepartmentType
    count: int


@strawberry.federation.type(directives=[PUBLIC], description="A district, and how many datasets name it.")
class DatasetDistrict:
    district: District
    count: int


@strawberry.federation.type(
    directives=[PUBLIC],
    description="How many datasets there would be under each value of a condition, that condition itself left out.",
)
class DatasetFacets:
    themes: list[DatasetTheme]
    publishers: list[DatasetPublisher] = field(description=f"The largest {PUBLISHERS_SHOWN_MAX}.")
    districts: list[DatasetDistrict]


@strawberry.federation.type(directives=[PUBLIC], description="One page of datasets, forwards by cursor.")
class DatasetConnection:
    question: strawberry.Private[Question]
    request: strawberry.Private[PageRequest]

    @strawberry.field
    async def edges(self, info: Info) -> list[Edge[Dataset]]:
        return (await self._page(info)).edges

    @strawberry.field
    async def nodes(self, info: Info) -> list[Dataset]:
        return (await self._page(info)).nodes

    @strawberry.field
    async def page_info(self, info: Info) -> PageInfo:
        return (await self._page(info)).page_info

    @field(description="How many there are on all pages together.")
    async def total_count(self, info: Info) -> int:
        return (await self._answers(info)).total

    @strawberry.field
    async def facets(self, info: Info) -> DatasetFacets:
        found = (await self._answers(info)).facets()
        return DatasetFacets(
            themes=[DatasetTheme.of(theme, n, info) for theme, n in found.themes.most_common()],
            publishers=[
                DatasetPublisher(publisher=_department(publisher, info), count=n)
                for publisher, n in found.publishers.most_common(PUBLISHERS_SHOWN_MAX)
            ],
            districts=[
                DatasetDistrict(district=District(code=strawberry.ID(code)), count=n)
                for code, n in found.districts.most_common()
            ],
        )

    async def _answers(self, info: Info) -> Answers:
        return await Loads.of(info).answers.load(self.question)

    async def _page(self, info: Info) -> Connection[Dataset]:
        return connection_of((await self._answers(info)).page(self.request), Dataset.of)


@strawberry.federation.type(keys=["code"])
class District:
    code: strawberry.ID = field(directives=[PUBLIC])

    @field(directives=[PUBLIC], description="What is published of this district by name.")
    def datasets(self, first: int = 20, after: str | None = None) -> DatasetConnection | None:
        request = PageRequest.of(first=first, after=after)
        return DatasetConnection(question=Question(district=self.code), request=request)

    @classmethod
    def resolve_reference(cls, code: strawberry.ID) -> District:
        return cls(code=code)


@strawberry.type
class Query:
    @field(
        directives=[PUBLIC],
        description="The catalogue, searched in Chinese or English; the best first, else what was published last.",
    )
    def datasets(
        self,
        search: str | None = None,
        theme: Theme | None = None,
        district: strawberry.ID | None = None,
        publisher: strawberry.ID | None = None,
        first: int = 20,
        after: str | None = None,
    ) -> DatasetConnection | None:
        question = Question(search=search, theme=theme, publisher=publisher, district=district)
        return DatasetConnection(question=question, request=PageRequest.of(first=first, after=after))

    @field(directives=[PUBLIC])
    async def dataset(self, info: Info, id: strawberry.ID) -> Dataset | None:
        found = await Loads.of(info).dataset.load(id)
        return Dataset.of(found) if found else None

    @field(directives=[PUBLIC], description="Every theme that has datasets, the largest first.")
    async def dataset_themes(self, info: Info) -> list[DatasetTheme] | None:
        found = (await Loads.of(info).answers.load(Question())).facets()
        return [DatasetTheme.of(theme, n, info) for theme, n in found.themes.most_common()]


def _department(publisher: model.Publisher, info: Info) -> DepartmentType:
    return DepartmentType(code=strawberry.ID(publisher.uscc), name=publisher.name.in_(info.context.locale))


KEYS: Final = {"Dataset": "id", "District": "code"}
schema = build_schema(query=Query, types=[Dataset, District])
executable = judge_references(graphql_core_schema(schema), keys=KEYS)
