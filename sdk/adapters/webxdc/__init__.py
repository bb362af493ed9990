"""Apps of webxdc as mini-programs: `python -m sdk.adapters.webxdc APP OUT --app-id ID` writes a program's folder."""
