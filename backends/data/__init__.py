"""The data department: the catalogue of what the city publishes, the rows themselves, and the base registers.

Everything of the catalogue is public. A register is asked by departments with a key of their own, one question at a
time, and answers yes or no; every question is on record.
"""
