"""The sensor department's backend: stations, what they measure, and the air a district breathes.

Its own process and a Federation 2 subgraph. It takes hourly readings over HTTP (`POST /ingest/readings`), from the
published Beijing files (`python -m backends.sensor import`) or, in the demo city, from a seeded model that says
"synthetic" wherever it shows.
"""
