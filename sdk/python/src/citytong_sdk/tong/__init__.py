"""`tong`: a mini-program from an empty folder to citizens' phones, at a command line.

Each command is one function that gets a `Desk` (all that it may touch of the machine) and returns `Done`: a frozen
dataclass, which `--json` prints, and lines for a person. What goes wrong is a `TongError` that says what, where, why
and what to do. Nothing here imports the city: what `tong` knows of it comes by HTTP.
"""
