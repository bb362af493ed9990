"""Companies and other organisations, and who may act for them in which role.

An organisation is known by its unified social credit code, and comes to be here when the one whom the register has as
its legal representative registers it. Its members are citizens; they act for it with tokens of their own, as anybody
does who acts for another.
"""
