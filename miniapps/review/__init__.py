"""The review of mini-programs: one set of rules, asked by the developer's command and by the city.

The city has the same bytes in `miniapps/review` (decision 0062), so what `tong lint --profile review` finds is what the
city finds. Pure functions over bytes: no clock, no random, no file, no network. `check` needs nothing but Python and
`..bundles`; documents are read against the city's schema by `graphql-core`, where the caller gives one.
"""

from .checking import check
from .finding import Finding, Profile, Severity, Text
from .rules import RULES, Rule
from .subject import Known

__all__ = ["RULES", "Finding", "Known", "Profile", "Rule", "Severity", "Text", "check"]
