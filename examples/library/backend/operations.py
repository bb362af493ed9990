"""Made by `tong typegen` of the .graphql files; change those."""

from __future__ import annotations

from typing import TypedDict

from citytong_sdk.asking import TypedDocument


class BranchesVariables(TypedDict):
    pass


class BranchesDataDistricts(TypedDict):
    code: str
    name: str


class BranchesData(TypedDict):
    districts: list[BranchesDataDistricts]


Branches: TypedDocument[BranchesVariables, BranchesData] = TypedDocument(
    id="21655d5bad2dab220ac09fadedb882ae4f934e4055d20bc0e32b37c91458d396",
    name="Branches",
)


class ReaderVariables(TypedDict):
    pass


class ReaderDataMe(TypedDict):
    maskedName: str | None


class ReaderData(TypedDict):
    me: ReaderDataMe


Reader: TypedDocument[ReaderVariables, ReaderData] = TypedDocument(
    id="a6cda7417542ec82e79b4e3b4cf56f9996c492c98bfb4fdeab99a4ac158db5d9",
    name="Reader",
)
