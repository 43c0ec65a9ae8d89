"""The whole hub under a seeded simulator: real workers, real cores, a simulated cluster, faults at every await.

Everything that a run does follows from its seed: the order of tasks, the time that an answer takes, what the city sends,
what breaks and when. `python -m tests.simulation --seed N` repeats a run exactly.

    loop       an event loop of virtual time that picks the next task by the seed; processes that are killed or stopped
    cluster    the broker: logs, transactions, committed reads, fencing, compaction
    group      its consumer group: members, generations, assignment
    wire       between a process and the cluster: answers that are slow, lost, or never come
    clients    producers and readers as `streams.kafka` opens them, of the simulated cluster
    faust_app  what a worker sees of Faust: agents, queues, fetching, rebalances
    city       a city of a few sensors with a rule of each kind
    feed       what gateways, institutions and officers send
    faults     what breaks, by the seed
    simulator  one run, from its seed to the rest after all faults
    expected   what the hub must answer to the logs as they stand: the oracle, and what it leaves out
    zones      what partitions told the zones of their progress, and with which reasons
    lives      what becomes of an alert by its events and its officers' acts, told plainly
    planting   defects that tests plant, to see that the verdict finds them
    verdict    the run against what was expected
"""
