"""The embedded broker: what is sent stays, on the same port, whatever ends it."""

from __future__ import annotations

import socket
from pathlib import Path

import pytest
from aiokafka import AIOKafkaConsumer, AIOKafkaProducer, TopicPartition
from aiokafka.admin import AIOKafkaAdminClient, NewTopic
from aiokafka.errors import MessageSizeTooLargeError

from deploy.kafka import KafkaNode, make_archive
from deploy.kafka.jars import Jar, locked_jars
from deploy.ports import is_free
from streams.errors import Occupied
from tests.support.servers import console_producer


async def _made(node: KafkaNode, topic: str, **settings: str) -> None:
    admin = AIOKafkaAdminClient(bootstrap_servers=node.bootstrap)
    await admin.start()
    configs = {name.replace("_", "."): value for name, value in settings.items()}
    await admin.create_topics([NewTopic(topic, 4, 1, topic_configs=configs)])
    await admin.close()


async def _sent(node: KafkaNode, topic: str, count: int) -> None:
    async with AIOKafkaProducer(bootstrap_servers=node.bootstrap, enable_idempotence=True) as producer:
        for i in range(count):
            await producer.send_and_wait(topic, b"%d" % i, partition=i % 4)


async def _kept(node: KafkaNode, topic: str) -> int:
    async with AIOKafkaConsumer(bootstrap_servers=node.bootstrap) as consumer:
        return sum((await consumer.end_offsets([TopicPartition(topic, p) for p in range(4)])).values())


async def test_a_killed_broker_comes_back_on_its_port_with_its_records(own_kafka: KafkaNode) -> None:
    await _made(own_kafka, "t")
    await _sent(own_kafka, "t", 20)
    before = own_kafka.bootstrap
    own_kafka.kill()
    assert own_kafka.child.exit_code == -9
    await own_kafka.start()
    assert own_kafka.bootstrap == before
    assert await _kept(own_kafka, "t") == 20


async def test_a_new_start_on_the_folder_has_the_old_port_and_records(
    own_kafka: KafkaNode, kafka_jars: list[Path]
) -> None:
    await _made(own_kafka, "t")
    await _sent(own_kafka, "t", 8)
    assert await own_kafka.stop() == 143  # Java's word for a SIGTERM that was heeded
    again = KafkaNode(own_kafka.home, kafka_jars)
    await again.start()
    try:
        assert again.bootstrap == own_kafka.bootstrap
        assert await _kept(again, "t") == 8
    finally:
        await again.stop()


async def test_a_running_producer_finds_the_restarted_broker(own_kafka: KafkaNode) -> None:
    await _made(own_kafka, "t")
    async with AIOKafkaProducer(bootstrap_servers=own_kafka.bootstrap, enable_idempotence=True) as producer:
        await producer.send_and_wait("t", b"before", partition=0)
        own_kafka.kill()
        await own_kafka.start()
        await producer.send_and_wait("t", b"after", partition=0)
    assert await _kept(own_kafka, "t") == 2


async def test_the_console_producer_reaches_it(own_kafka: KafkaNode, kafka_jars: list[Path]) -> None:
    await _made(own_kafka, "t")
    keyed = ("--reader-property", "parse.key=true")
    await console_producer(own_kafka, kafka_jars, "t", "".join(f"k{i}\t{i}\n" for i in range(10)), *keyed)
    assert await _kept(own_kafka, "t") == 10


async def test_transactions_work_on_one_node(own_kafka: KafkaNode) -> None:
    await _made(own_kafka, "t")
    async with (
        AIOKafkaProducer(bootstrap_servers=own_kafka.bootstrap, transactional_id="x") as producer,
        producer.transaction(),
    ):
        await producer.send_and_wait("t", b"kept", partition=0)
    async with AIOKafkaConsumer(
        "t", bootstrap_servers=own_kafka.bootstrap, isolation_level="read_committed", auto_offset_reset="earliest"
    ) as consumer:
        assert (await consumer.getone()).value == b"kept"


async def test_a_topic_may_take_a_mebibyte_and_the_dead_letters_64_kib_more(own_kafka: KafkaNode) -> None:
    await _made(own_kafka, "letters", max_message_bytes=str((1 << 20) + (64 << 10)))
    async with AIOKafkaProducer(
        bootstrap_servers=own_kafka.bootstrap, max_request_size=16 << 20, max_batch_size=1 << 10
    ) as producer:
        await producer.send_and_wait("letters", b"x" * ((1 << 20) + (60 << 10)), partition=0)
        with pytest.raises(MessageSizeTooLargeError):
            await producer.send_and_wait("letters", b"x" * (10 << 20), partition=0)


def _listened_on(port: int) -> set[str]:
    """The addresses on which somebody listens on this port, as the kernel writes them."""
    lines = [line.split() for file in ("tcp", "tcp6") for line in Path(f"/proc/net/{file}").read_text().splitlines()]
    places = [line[1].split(":") for line in lines if line[3] == "0A"]
    return {address for address, number in places if int(number, 16) == port}


async def test_it_listens_on_loopback_only(own_kafka: KafkaNode) -> None:
    assert _listened_on(own_kafka.port) in ({"0100007F"}, {"0000000000000000FFFF00000100007F"})


async def test_a_port_taken_meanwhile_is_told_with_its_fix(own_kafka: KafkaNode) -> None:
    await own_kafka.stop()
    assert is_free(own_kafka.port)
    with socket.socket() as other:
        other.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        other.bind(("127.0.0.1", own_kafka.port))
        other.listen()
        with pytest.raises(Occupied, match=str(own_kafka.port)):
            await own_kafka.start()
    await own_kafka.start()


async def test_the_archive_is_made_once_and_used(kafka_jars: list[Path], own_kafka: KafkaNode) -> None:
    archive = await make_archive(kafka_jars)
    assert archive is not None
    made_at = archive.stat().st_mtime_ns
    assert await make_archive(kafka_jars) == archive
    assert archive.stat().st_mtime_ns == made_at
    command = KafkaNode(own_kafka.home, kafka_jars).child.command
    assert f"-XX:SharedArchiveFile={archive}" in command


def test_a_jar_that_is_not_what_the_lock_names_is_not_whole(
    kafka_jars: list[Path], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    jar: Jar = locked_jars()[0]
    whole = jar.path.read_bytes()
    assert jar.is_whole()
    monkeypatch.setenv("URBANHUB_CACHE", str(tmp_path))
    assert not jar.is_whole()
    jar.path.parent.mkdir(parents=True)
    jar.path.write_bytes(whole[:-1])
    assert not jar.is_whole()
    jar.path.write_bytes(whole)
    assert jar.is_whole()
