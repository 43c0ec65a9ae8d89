"""The generated schemas are valid by the standards' own validators, and say what the models say."""

from __future__ import annotations

import json
from typing import Any

import jsonschema
import pytest
from hypothesis import given
from hypothesis import strategies as st
from pydantic import BaseModel, ValidationError

from streams.contract.readings import READINGS, Domain
from streams.contract.schemas import asyncapi, json_schemas
from streams.contract.topics import TOPICS, readings_topic
from tests.support.asyncapi import asyncapi_schema
from tests.support.strategies import NOT_IN_SCHEMA, broken_readings, good_readings

SCHEMAS = json_schemas()
DOMAINS = sorted(READINGS)
WITH_EXAMPLES = [name for name in SCHEMAS if TOPICS[name].public]


def _validator(topic: str) -> jsonschema.Draft202012Validator:
    return jsonschema.Draft202012Validator(SCHEMAS[topic])


def test_every_topic_that_carries_json_has_a_schema() -> None:
    assert set(SCHEMAS) == {name for name, topic in TOPICS.items() if topic.model is not None}


@pytest.mark.parametrize("topic", SCHEMAS)
def test_a_schema_is_valid_by_its_own_dialect(topic: str) -> None:
    assert SCHEMAS[topic]["$schema"] == "https://json-schema.org/draft/2020-12/schema"
    jsonschema.Draft202012Validator.check_schema(SCHEMAS[topic])


def test_the_dialects_validator_refuses_a_broken_schema() -> None:
    with pytest.raises(jsonschema.SchemaError):
        jsonschema.Draft202012Validator.check_schema({"type": "text"})


@pytest.fixture(scope="module")
def official() -> Any:
    return jsonschema.Draft7Validator(asyncapi_schema())


def test_the_asyncapi_document_is_valid_by_the_initiatives_own_schema(official: Any) -> None:
    found = sorted((e.json_path, e.message[:200]) for e in official.iter_errors(asyncapi()))
    assert found == []


@pytest.mark.parametrize("broken", ["no title", "an unknown action", "an operation on no channel"])
def test_the_initiatives_schema_refuses_a_broken_document(official: Any, broken: str) -> None:
    document = json.loads(json.dumps(asyncapi()))
    if broken == "no title":
        del document["info"]["title"]
    elif broken == "an unknown action":
        document["operations"]["sendAlerts"]["action"] = "publish"
    else:
        del document["operations"]["sendAlerts"]["channel"]
    assert not official.is_valid(document)


def _refs(node: Any) -> list[str]:
    if isinstance(node, dict):
        own = [node["$ref"]] if "$ref" in node else []
        return own + [ref for value in node.values() for ref in _refs(value)]
    return [ref for value in node for ref in _refs(value)] if isinstance(node, list) else []


def test_every_reference_of_the_asyncapi_document_leads_somewhere() -> None:
    document = asyncapi()
    refs = _refs(document)
    assert len(refs) > 20
    for ref in refs:
        node: Any = document
        for part in ref.removeprefix("#/").split("/"):
            node = node[part]


def test_the_asyncapi_document_has_a_channel_and_an_operation_for_every_public_topic() -> None:
    document = asyncapi()
    public = {name: topic for name, topic in TOPICS.items() if topic.public}
    channels = {channel["address"]: channel for channel in document["channels"].values()}
    assert set(channels) == set(public)
    for name, topic in public.items():
        binding = channels[name]["bindings"]["kafka"]
        assert binding["topicConfiguration"]["cleanup.policy"] == ["compact" if topic.compacted else "delete"]
        assert binding["topicConfiguration"].get("retention.ms", -1) == topic.retention_ms
        assert topic.key in channels[name]["description"]
    done = [(o["action"], o["channel"]["$ref"].rsplit("/", 1)[1]) for o in document["operations"].values()]
    assert len(done) == len(public)
    for key, channel in document["channels"].items():
        action = "receive" if public[channel["address"]].read_by_hub else "send"
        assert (action, key) in done


def test_dead_letters_are_described_by_their_headers() -> None:
    document = asyncapi()
    message = document["components"]["messages"]["readingsRejected"]
    headers = document["components"]["schemas"][message["headers"]["$ref"].rsplit("/", 1)[1]]
    assert list(headers["properties"]) == ["reason", "field", "detail", "topic", "partition", "offset", "received_at"]
    assert "unknown_sensor" in headers["properties"]["reason"]["enum"]


@pytest.mark.parametrize("topic", WITH_EXAMPLES)
def test_every_example_is_valid_by_schema_and_by_model(topic: str) -> None:
    model = TOPICS[topic].model
    assert model is not None
    examples = SCHEMAS[topic]["examples"]
    assert examples
    for example in examples:
        _validator(topic).validate(example)
        model.model_validate_json(json.dumps(example))


@pytest.mark.parametrize("topic", WITH_EXAMPLES)
def test_what_the_hub_writes_of_an_example_is_valid_too(topic: str) -> None:
    model = TOPICS[topic].model
    assert model is not None
    for example in SCHEMAS[topic]["examples"]:
        written = model.model_validate(example).model_dump_json()
        _validator(topic).validate(json.loads(written))


@given(st.sampled_from(DOMAINS).flatmap(lambda domain: st.tuples(st.just(domain), good_readings(domain))))
def test_every_accepted_reading_is_valid_by_its_schema(case: tuple[Domain, dict[str, Any]]) -> None:
    domain, reading = case
    READINGS[domain].model_validate_json(json.dumps(reading))
    _validator(readings_topic(domain)).validate(reading)


@given(st.sampled_from(DOMAINS).flatmap(lambda domain: st.tuples(st.just(domain), broken_readings(domain))))
def test_a_reading_is_valid_by_its_schema_only_where_the_model_takes_it(case: tuple[Domain, Any]) -> None:
    domain, reading = case
    is_valid = _validator(readings_topic(domain)).is_valid(reading)
    reason = _refusal(READINGS[domain], reading)
    if reason not in NOT_IN_SCHEMA:
        assert is_valid == (reason is None), reason


def _refusal(model: type[BaseModel], reading: Any) -> str | None:
    try:
        model.model_validate_json(json.dumps(reading))
    except ValidationError as e:
        return str(e.errors()[0]["type"])
    return None
