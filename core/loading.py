"""Batched reads of one request (DataLoader), shared by several resolvers of it.

A key that several resolvers load is one future. Whoever is cancelled (a fetch whose deadline is over, a sibling of a
field that failed) must not cancel it for the others, so each waits for a shield of its own.
"""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable
from typing import TypeVar

import strawberry.dataloader

K = TypeVar("K")
T = TypeVar("T")


class DataLoader(strawberry.dataloader.DataLoader[K, T]):
    """Strawberry's, whose futures outlive those who wait for them."""

    def load(self, key: K) -> Awaitable[T]:
        return asyncio.shield(super().load(key))
