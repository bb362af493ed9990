"""What every department's backend stands on: a GraphQL executor with bounds, an HTTP door, a start and an end.

A backend brings a schema, a service, its own routes and its own error codes; the rest is the same code in each.
It knows no backend, and backends know each other only through the graph.
"""
