"""Snap and report (随手拍): a citizen shows the city what is broken, and sees who mends it and by when.

A case moves through the states of the 12345 hotline by a table (`workflow.py`). Its photos are drawn anew before they
are kept, so that nothing travels with them. Partners report through Open311 GeoReport v2, and the departments' side
learns of every case by a hand-over that leaves out what people wrote.
"""
