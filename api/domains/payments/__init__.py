"""Payments: departments send bills, citizens pay them from a wallet of the city, and every fen is accounted for.

Money moves in balanced transfers that are written once and never changed; a bill is paid at most once, whatever is
retried or raced. The books can be proven at any time.
Source: docs/decisions/0011-money-moves-in-balanced-transfers.md
"""
