"""Subgraphs in this process, by compiled calls: a fetch's operation becomes Python that calls the resolvers itself.

`document` reads the operation once; `source` writes one flat function per selection of a type; `resolvers` and
`arguments` know how a field is called; `completion` turns what came into what GraphQL answers; `machine` is one run.
Whatever is out of the ordinary (a value that is not what its type says, an error, a generator) goes to graphql-core's
own methods, at that value, so that it ends as it would there.
Source: docs/decisions/0013-local-subgraphs-run-generated-python.md
"""
