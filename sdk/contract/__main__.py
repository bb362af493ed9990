"""`python -m sdk.contract`: writes what is made of the contract, the vectors of packages, and the city's copy of their
library.
"""

from __future__ import annotations

from sdk.contract import bundles, generate


def main() -> None:
    for file, text in {**generate.generated(), **bundles.generated()}.items():
        file.parent.mkdir(parents=True, exist_ok=True)
        if not file.exists() or file.read_text(encoding="utf-8") != text:
            file.write_text(text, encoding="utf-8")
            print(file.relative_to(generate.ROOT))


main()
