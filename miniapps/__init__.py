"""Room: mini-programs. Programs of others that run inside the city, with what was declared, granted and agreed to.

`releases/` is what there is to run, `sessions/` one run by one citizen, `openid/` how a program knows them,
`asking/` what it asks of the graph; `host/` is the web shell, which runs them.
"""
