"""Notifications: how the city reaches a citizen.

Every message lies in the citizen's inbox, in their language, for a year. Beside that it goes to their phone and to
their e-mail address, as far as they want it, at an hour that suits them, and once.
"""
