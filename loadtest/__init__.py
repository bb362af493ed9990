"""Load on a whole city, over HTTP alone: locust journeys, and benchmarks beside a bare handler."""
