"""The governance department's backend (一网统管): what goes wrong in the city, whose work it is, and how far it is.

Its own process and a Federation 2 subgraph. It takes city events from citizens' reports, from sensors and from patrols,
gives each to the unit whose work it is, follows it through that unit's hands, and tells the city of every change once.
"""
