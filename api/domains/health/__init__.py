"""Health status: a colour that is worked out when it is asked for, and never stored.

Departments record facts (a test, a contact), citizens declare symptoms; a published set of rules turns the facts that
hold now into a colour with its reason, advice and basis. All of it is off unless an order is in force that has an end.
"""
