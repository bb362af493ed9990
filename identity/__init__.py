"""Identity: who is asking, and how the city came to believe it.

People sign in with a code sent to their phone and hold a session on a device: a short-lived signed access token
and a refresh token that changes at every use. Staff accounts carry roles and a part of the city. Other rooms know
a person by id alone; what an officer or a citizen may see of the other is decided here.
"""
