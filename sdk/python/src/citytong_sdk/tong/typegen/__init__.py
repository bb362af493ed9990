"""`tong typegen`: the project's `.graphql` files as trusted documents and as types.

`documents` reads and checks them, `shapes` says what an answer looks like, `typescript` and `python` write that down,
and `command` joins them. What is written depends on the schema and the files alone: it can be committed and checked.
"""
