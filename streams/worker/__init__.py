"""The worker: one Faust app whose agents carry the pure stages of `streams.engine`, one shell for all of them.

stages           the table of stages: which topic each reads, and the core of one partition
transport        Faust's transport, one message per fetched chunk of a partition; where each partition is read from
fetched          aiokafka's fetcher, made to give batches as they were fetched
record_batch     record batches as Kafka sends them → columns, without an object for each record
transactions     what a stage's partition sends, its checkpoint and its offset, in one Kafka transaction
told             how far a partition has told what came of its input, as the group's offset says
checkpoints      a stage's state in `hub.checkpoints`: in two slots, cut in pieces, found again whole
stage_partition  the shell of one stage's partition: apply, send, checkpoint, by the log and by the clock
idleness         how long an input has been idle
succession       one core takes the place of another: other rules from here on
ownership        partitions that come and go: restored before their first record, saved before they leave
figures          what the cores counted, as metrics
watchdog         ends a worker that has something to do and makes no progress
app              the Faust app, its agents, its start and its end
"""
