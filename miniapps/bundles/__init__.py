"""Packages of mini-programs: packed, signed, opened and believed by one library.

The developer's command and the city hold the same files (decision 0051), so what the one refuses the other refuses,
with the same code. Pure functions over bytes: no clock, no random, no file, no network. Needs `cryptography` alone.
Sources: W3C MiniApp Packaging (Editor's Draft bf56e2c), Manifest (adb3be4), Addressing (358e2d1), with the readings
that docs/miniapps.md lists; C2SP signed-note, tlog-checkpoint, tlog-proof, tlog-tiles; RFC 6962, RFC 7515, RFC 7797.
"""
