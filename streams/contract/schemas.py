"""JSON Schema of what travels in each topic, and the AsyncAPI document of them all: both read out of the table of topics.

Nothing is described here that the table or a model does not say; what they say in words (keys, writers) is passed on.
"""

from __future__ import annotations

from typing import Any, Final

from pydantic import BaseModel
from pydantic.json_schema import GenerateJsonSchema, JsonSchemaMode, models_json_schema

from streams.contract.rejections import DeadLetterHeaders
from streams.contract.times import DAY_MS
from streams.contract.topics import DEFAULT_PARTITIONS, TOPICS, Topic

CONTRACT_VERSION: Final = "1.0.0"
"""Of the public contract; its first number changes with whatever an old client would not understand."""
DIALECT: Final = "https://json-schema.org/draft/2020-12/schema"
KAFKA_BINDING: Final = "0.5.0"
"""Version of AsyncAPI's Kafka binding that the channels and messages are written in."""

ABOUT: Final = (
    "One UTF-8 JSON object per Kafka record. Unknown fields are ignored. Times in need an offset; times out are UTC. "
    "A record that is refused goes to `readings.rejected` with its reason. Subscribers read with "
    "`isolation.level=read_committed`."
)


class _Plain(GenerateJsonSchema):
    """Without a title for each field: it would only repeat the field's name."""

    def field_title_should_be_set(self, schema: Any) -> bool:
        return False


def json_schemas() -> dict[str, dict[str, Any]]:
    """A JSON Schema (2020-12) for each topic that carries JSON, by the topic's name."""
    return {
        name: {"$schema": DIALECT, "$id": f"urn:urbanhub:{CONTRACT_VERSION}:{name}"}
        | topic.model.model_json_schema(schema_generator=_Plain, mode=_mode(topic))
        for name, topic in TOPICS.items()
        if topic.model is not None
    }


def asyncapi() -> dict[str, Any]:
    """The AsyncAPI 3.0 document of the public topics, as the hub sees them: it receives readings and sends windows."""
    topics = [topic for topic in TOPICS.values() if topic.public]
    schemas, refs = _components(topics)
    return {
        "asyncapi": "3.0.0",
        "id": "urn:urbanhub",
        "info": {"title": "urbanhub", "version": CONTRACT_VERSION, "description": ABOUT},
        "defaultContentType": "application/json",
        "channels": {_channel_name(topic): _channel(topic) for topic in topics},
        "operations": dict(map(_operation, topics)),
        "components": {
            "messages": {_channel_name(topic): _message(topic, schemas, refs) for topic in topics},
            "schemas": schemas,
        },
    }


def _mode(topic: Topic) -> JsonSchemaMode:
    return "validation" if topic.read_by_hub else "serialization"


def _components(topics: list[Topic]) -> tuple[dict[str, Any], dict[str, dict[str, str]]]:
    """All models' schemas by name, and the reference to each topic's."""
    wanted: list[tuple[type[BaseModel], JsonSchemaMode]] = []
    for topic in topics:
        pair = (topic.model or DeadLetterHeaders, _mode(topic))
        if pair not in wanted:
            wanted.append(pair)
    found, defined = models_json_schema(wanted, ref_template="#/components/schemas/{model}", schema_generator=_Plain)
    refs = {topic.name: found[topic.model or DeadLetterHeaders, _mode(topic)] for topic in topics}
    return defined["$defs"], refs


def _channel_name(topic: Topic) -> str:
    """`readings.air-quality` as an identifier: `readingsAirQuality`."""
    first, *rest = topic.name.replace("-", ".").split(".")
    return first + "".join(word.capitalize() for word in rest)


def _channel(topic: Topic) -> dict[str, Any]:
    name = _channel_name(topic)
    settings: dict[str, Any] = {
        "cleanup.policy": ["compact" if topic.compacted else "delete"],
        "max.message.bytes": topic.max_message_bytes,
    }
    if not topic.compacted:
        settings["retention.ms"] = topic.retention_ms
    return {
        "address": topic.name,
        "title": topic.name,
        "description": f"Key: {topic.key}. Written by: {topic.written_by}. Kept: {_kept(topic)}.",
        "messages": {name: {"$ref": f"#/components/messages/{name}"}},
        "bindings": {
            "kafka": {
                "topic": topic.name,
                "partitions": topic.partitions(DEFAULT_PARTITIONS),
                "topicConfiguration": settings,
                "bindingVersion": KAFKA_BINDING,
            }
        },
    }


def _kept(topic: Topic) -> str:
    if not topic.compacted:
        return f"{topic.retention_ms // DAY_MS} days"
    return f"compacted, but not before {topic.compaction_lag_ms // DAY_MS} days"


def _message(topic: Topic, schemas: dict[str, Any], refs: dict[str, dict[str, str]]) -> dict[str, Any]:
    ref = refs[topic.name]
    about = schemas[ref["$ref"].rsplit("/", 1)[1]]
    message: dict[str, Any] = {"name": topic.name, "title": about["title"], "description": about.get("description", "")}
    if topic.model is None:
        message |= {"contentType": "application/octet-stream", "headers": ref, "payload": {}}
    else:
        message |= {"contentType": "application/json", "payload": ref}
        message["examples"] = [{"payload": example} for example in about["examples"]]
    key = {"type": "string", "description": topic.key}
    message["bindings"] = {"kafka": {"key": key, "bindingVersion": KAFKA_BINDING}}
    return message


def _operation(topic: Topic) -> tuple[str, dict[str, Any]]:
    """What the hub does with a topic, told by what that is to those outside."""
    name = _channel_name(topic)
    action, summary = "send", "Written by the hub; read it with `isolation.level=read_committed`."
    if topic.read_by_hub:
        action, summary = "receive", f"Written by {topic.written_by}; the hub reads it."
    return f"{action}{name[:1].upper()}{name[1:]}", {
        "action": action,
        "summary": summary,
        "channel": {"$ref": f"#/channels/{name}"},
        "messages": [{"$ref": f"#/channels/{name}/messages/{name}"}],
    }
