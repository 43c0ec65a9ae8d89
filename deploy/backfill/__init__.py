"""`urbanhub backfill`: history from files, by the same pure core, without passing through the live stages.

First the files are read once and laid down in the order of event time, by the partition whose windows each reading enters;
then the core goes over each partition and its final windows are published. It has no rules, so it raises no alert, and a
state of its own, so the live one never knows.

    intake       a record of a file → the reading, its partition, its time; or why it is no history
    spool        readings in any order → the same in the order of event time, on disk
    kept         which files, and how far: so that a run that was cut goes on
    windows      one partition's readings → its final windows, published
    publication  final windows → Kafka
    backfill     all of it, step by step
    command      the command line's part: which files, what a person is told

Invariant: whatever is repeated after a cut says the same, because it is a function of the readings laid down alone.
"""
