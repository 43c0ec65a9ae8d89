"""The benchmark: how fast, at what cost and how right the hub is, beside peers that do the same work.

A case is a file in `cases/`. Its workload is made from a seed, written to a broker of its own as gateways would write it,
and read by real processes: the hub's own worker as its users run it, or a peer's program. Figures are taken from outside,
from the kernel and the broker; only ratios of one run on one machine say something.

    case        a case's file: workload, variants, engines, targets
    workload    the readings of a workload, from its seed: columns, and the bytes that a gateway would send
    city        seeds of a city that has the workload's sensors
    expected    the windows that must come out, calculated plainly
    published   the windows that did come out
    filling     readings into a broker, in batches as gateways send them
    broker      the broker that a workload stands on
    proc        CPU and memory of processes as the kernel counts them
    engines/    the hub and its peers, one adapter each
    throughput  kind of case: a backlog is read at full speed (W1, W2, poison)
    restore     kind of case: a killed worker takes up its state (W3)
    catch_up    kind of case: back after an outage while readings keep coming (W4)
    latency     kind of case: from a reading produced to its alert readable (W5)
    report      rows as a table and as JSON lines, ratios, targets
    __main__    the command: `tests/bench`
"""
