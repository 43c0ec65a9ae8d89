"""The engines that are measured: the hub, and peers that do the same work on the same readings.

engine       what an adapter does: says what is missing, prepares, runs one job
hub          the hub's own worker, as its users run it
java         peers on the JVM: Kafka Streams, Flink; compiled here from `java/`, jars by their locks
faust_table  a plain Faust tumbling table, as Faust's guide shows it
table        every engine by name
"""
