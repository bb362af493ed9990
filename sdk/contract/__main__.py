"""`python -m sdk.contract`: writes what is made of the contract, the vectors of packages and backends, and the city's
copies of the libraries of packages and of review.
"""

from __future__ import annotations

from sdk.contract import backend, bundles, command, generate, review


def main() -> None:
    parts = (generate, bundles, review, backend, command)
    made = {file: text for part in parts for file, text in part.generated().items()}
    for file, text in made.items():
        file.parent.mkdir(parents=True, exist_ok=True)
        if not file.exists() or file.read_text(encoding="utf-8") != text:
            file.write_text(text, encoding="utf-8")
            print(file.relative_to(generate.ROOT))


main()
