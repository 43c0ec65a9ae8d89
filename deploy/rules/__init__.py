"""`urbanhub rules`: a city's rules tried by the flow's own stages, without a hub.

offline  the stages of a city over records in hand: what would the alerts have been?
"""
