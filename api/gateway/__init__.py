"""The federation engine: one GraphQL answer out of many subgraphs. It knows no domain.

Read it in the order of the stages, bottom up; each is one file and each can be printed with `python -m api explain`:
`supergraph` (who owns what) → `normalize` (what is asked) → `paths` (where it can come from) → `fetches` (who is
called, after whom) → `optimize` (fewer calls) → `plan` (the printable plan) → `execute` (run it, with `transport`
to reach the subgraphs and `project` to shape the answer).
"""
