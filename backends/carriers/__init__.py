"""The carriers' stand-in: what speaks to the city as FCM HTTP v1 and as a mail server, for demonstrations and tests.

A process of its own that keeps the last messages in memory and shows them. It checks what it is sent as strictly as it
can be told from the published formats, and can be told to fail.
"""
