"""The sink: windows and alert states into InfluxDB, in a consumer group of its own.

access          where InfluxDB is now, and with which token
line_protocol   a record of the log → a line for InfluxDB
answers         what InfluxDB's answers mean
writer          sends lines until each is stored or refused for good
dead_letters    refused records, into readings.rejected
lanes           the order of writes, batches, what may be committed
consumer        the loop: poll, hand to the lanes, commit, make room
app             the process

It keeps no state: what is not yet stored lies in Kafka, and writing a point twice changes nothing. So an outage of
InfluxDB delays history and nothing else. A plain consumer group serves it; the worker's shell would add checkpoints and
transactions, of which it needs neither.
"""
