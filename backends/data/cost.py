"""What a query to this department may bring, by the names of its fields.

The catalogue is in memory: a row is a dataset that is shown, not one that is read. What counts besides is the search,
which looks at every dataset; it runs only when one of its fields is asked for.
"""

from __future__ import annotations

from typing import Final

from backends.base.cost import Tariff
from backends.data.errors import QueryTooCostly
from backends.data.model import DISTRIBUTIONS_MAX
from backends.data.vocabulary import Theme
from core.divisions import DISTRICTS
from core.paging import PAGE_SIZE_MAX

# What looking through the catalogue once counts: a hundred searches fit into one request, some 5 ms each.
_SEARCH_ROWS: Final = 200
PUBLISHERS_SHOWN_MAX: Final = 50

TARIFF: Final = Tariff(
    too_costly=QueryTooCostly,
    pages={"datasets": (20, PAGE_SIZE_MAX)},
    lengths={
        "distributions": DISTRIBUTIONS_MAX + 2,
        "coverage": len(DISTRICTS),
        "datasetThemes": len(Theme),
        "themes": len(Theme),
        "publishers": PUBLISHERS_SHOWN_MAX,
        "districts": len(DISTRICTS),
    },
    rows={
        **dict.fromkeys(("nodes", "edges", "pageInfo", "totalCount", "facets", "datasetThemes"), _SEARCH_ROWS),
        "dataset": 1,
    },
)
