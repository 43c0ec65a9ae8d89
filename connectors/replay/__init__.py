"""Plays recorded records again: a scenario or any file in the contract's names, as an exercise unless told otherwise.

recording   a file's records, one after another: NDJSON or CSV, compressed or not
envelope    what a record becomes: exercise and moved times inside, key beside
state       how far each exercise has come, kept so that it can go on
player      pace, laps, Ctrl-C
progress    what a person sees meanwhile
rejected    dead letters of one reason, sent again
command     `urbanhub replay`: chooses the run, plays it, says what became of it
"""
