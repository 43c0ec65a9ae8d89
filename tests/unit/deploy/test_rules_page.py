"""A city's rules can be written from the docs page: its example is read out of it and run, and no field is left out."""

from __future__ import annotations

import json
import re
import tomllib
from pathlib import Path
from typing import get_args

import pytest

from deploy.rules.run import run
from deploy.rules.timelines import Announced, Expected, Timeline
from streams.contract.alerts import SCALES, Certainty, Severity, Urgency
from streams.contract.bulletins import BulletinKind
from streams.contract.further import Further
from streams.contract.readings import MEASURES_OF
from streams.contract.rule_levels import Clear, Raise, RuleLevel
from streams.contract.rules import RuleFile
from streams.contract.sensors import SensorKind
from streams.contract.watched import FINAL_LENGTHS, SLIDING_LENGTHS, Aggregate, When
from streams.contract.wording import OF_BULLETINS
from tests.support.small_city import write_seeds

PAGE = (Path(__file__).parents[3] / "deploy" / "docs" / "rules.md").read_text(encoding="utf-8")
EXAMPLES = dict(re.findall(r"<!-- example: (\S+) -->\n```toml\n(.*?)```", PAGE, re.DOTALL))
OWNER = '[[owners]]\nowner_id = "hnd-bayern"\nname = { ko = "HND", en = "HND" }\nsector = "environment"\n'


@pytest.fixture
def seeds(tmp_path: Path) -> Path:
    """Another country's city, with the page's files."""
    found = write_seeds(tmp_path)
    for folder in ("sensors", "rules"):
        for path in (found / folder).glob("*.toml"):
            path.unlink()
    city = (found / "city.toml").read_text(encoding="utf-8")
    (found / "city.toml").write_text(city.replace("Asia/Seoul", "Europe/Berlin"), encoding="utf-8")
    (found / "owners.toml").write_text(OWNER, encoding="utf-8")
    zones = [{"properties": {"zone_id": z, "name_ko": z, "name_en": z}} for z in ("passau", "vilshofen")]
    (found / "map" / "zones.geojson").write_text(json.dumps({"features": zones}), encoding="utf-8")
    for name, text in EXAMPLES.items():
        (found / name).write_text(text, encoding="utf-8")
    return found


def test_the_example_is_three_files_that_run_and_pass_as_the_page_says(
    seeds: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert set(EXAMPLES) == {"sensors/danube.toml", "rules/danube.toml", "rules/danube.test.toml"}
    assert run(seeds, []) == 0
    assert f"```\n{capsys.readouterr().out}```" in PAGE


@pytest.mark.parametrize("rule_id", re.findall(r"<!-- rule: (\S+) -->", PAGE))
def test_a_whole_rule_on_the_page_is_one(rule_id: str) -> None:
    text = re.search(rf"<!-- rule: {rule_id} -->\n```toml\n(.*?)```", PAGE, re.DOTALL)
    assert text is not None
    (rule,) = RuleFile.model_validate(tomllib.loads(text[1])).rules
    assert rule.rule_id == rule_id


def test_the_examples_tests_can_fail(seeds: Path, capsys: pytest.CaptureFixture[str]) -> None:
    sensors = seeds / "sensors" / "danube.toml"
    sensors.write_text(sensors.read_text(encoding="utf-8").replace("attention = 4.6", "attention = 4.61"))
    assert run(seeds, []) == 1
    assert "expected  00:15 raised attention 4.6" in capsys.readouterr().out


@pytest.mark.parametrize("model", [When, Raise, Further, Clear, RuleLevel, Timeline, Expected, Announced])
def test_every_field_is_on_the_page(model: type) -> None:
    for name, field in model.model_fields.items():  # type: ignore[attr-defined]
        assert re.search(rf"\b{field.alias or name}\b", PAGE), name


def test_every_word_and_number_that_may_be_chosen_is_on_the_page() -> None:
    words = [
        word
        for chosen in (Aggregate, SensorKind, BulletinKind, Severity, Urgency, Certainty)
        for word in get_args(chosen)
    ]
    words += [level for scale in SCALES for level in scale] + [name for names in MEASURES_OF.values() for name in names]
    words += [str(length) for length in (*FINAL_LENGTHS, *SLIDING_LENGTHS)] + [f"{{{name}}}" for name in OF_BULLETINS]
    assert [word for word in words if word not in PAGE] == []
