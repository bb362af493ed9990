"""What is wrong with a value, in the words that every implementation uses: tests compare them."""

from __future__ import annotations

import json
from collections.abc import Sequence
from typing import Final

from sdk.contract.generate.shapes import FORMATS, Choice, Flag, Json, List, Map, Number, OneOf, Record, Scalar, Shape

MISSING: Final = "is missing"
UNKNOWN: Final = "is unknown"
HALF: Final = "is not well-formed text"
FORM: Final = "does not have the right form"
JSON: Final = "is not JSON"
DEEP: Final = "is nested too deep"
NONE_FITS: Final = "fits none of the forms"
KEY: Final = "is no key"


def kind(one: Shape) -> str:
    """Of what kind a value has to be."""
    match one:
        case Number(whole=whole):
            return "must be an integer" if whole else "must be a number"
        case Flag():
            return "must be true or false"
        case List():
            return "must be a list"
        case Record() | Map():
            return "must be an object"
        case Choice(values=values):
            return choice(values)
        case Json():
            return JSON
        case OneOf():
            return NONE_FITS
    return "must be text"


def choice(values: Sequence[Scalar]) -> str:
    return "must be one of " + ", ".join(json.dumps(one, ensure_ascii=False) for one in values)


def least(number: float) -> str:
    return f"must be at least {number}"


def most(number: float) -> str:
    return f"must be at most {number}"


def shortest(number: int) -> str:
    return f"is too short: at least {number}"


def longest(number: int) -> str:
    return f"is too long: at most {number}"


def of_format(name: str) -> str:
    return FORMATS[name].problem
