"""The questions that the dashboard puts to InfluxDB, in Flux.

Grafana replaces `${…}` in the browser and `v.timeRangeStart`, `v.timeRangeStop`, `v.windowPeriod` in its server before
InfluxDB sees a question. A result with `_value` and `_time` is a time series whose other columns without `_` are its
labels; a result without `_value` is a table.
"""

from __future__ import annotations

from collections.abc import Iterable
from typing import Final

from streams.contract.alerts import Level
from streams.contract.sensors import Sensor

FRESH: Final = "90m"
"""A zone is calm only if a sensor of it has spoken so lately: an hourly station that publishes at a quarter past is 76 min
old just before its next reading."""
LOOK_BACK: Final = "365d"
"""How long before the end of the time range an alert that is still active may have changed last."""

RANKS: Final[dict[Level, int]] = {
    "attention": 1,
    "advisory": 2,
    "caution": 2,
    "warning": 3,
    "alert": 3,
    "serious_warning": 4,
    "serious": 4,
}
"""How bad a level is across both scales, as the Situation Room ranks it; 0 is calm, -1 unknown."""

_CHOSEN: Final = """r.zone =~ /^${zone:regex}$/ and r.sensor_id =~ /^${sensor:regex}$/"""
_EXERCISE: Final = """(not exists r.exercise or r.exercise =~ /^${exercise:regex}$/)"""
_RANK: Final = " else ".join(f'if level == "{level}" then {rank}' for level, rank in RANKS.items())


def measured(measurement: str, fields: str, window_s: int, every: str | None, chosen: str = _CHOSEN) -> str:
    """A series per sensor and field.

    Args:
        measurement: a domain, as InfluxDB knows it.
        fields: a regular expression of whole field names.
        window_s: the windows' length.
        every: the aggregate that draws many windows as one point (`mean`, `max`); None draws each.
        chosen: which sensors.
    """
    drawn = (
        ""
        if every is None
        else f'\n  |> aggregateWindow(every: v.windowPeriod, fn: {every}, createEmpty: false, timeSrc: "_start")'
    )
    return f"""from(bucket: "${{bucket}}")
  |> range(start: v.timeRangeStart, stop: v.timeRangeStop)
  |> filter(fn: (r) => r._measurement == "{measurement}" and r.window == "{window_s}" and r._field =~ /^({fields})$/)
  |> filter(fn: (r) => {chosen} and {_EXERCISE}){drawn}
  |> keep(columns: ["_time", "_value", "_field", "_measurement", "sensor_id"])"""


def gauge_level_lines(gauges: Iterable[Sensor]) -> str:
    """A line for each level of the chosen gauge, over the whole time range."""
    rows = ",\n  ".join(
        f'{{sensor_id: "{gauge.sensor_id}", level: "{level}", _value: {float(value)!r}}}'
        for gauge in gauges
        if gauge.gauge_levels is not None
        for level in ("attention", "caution", "alert", "serious")
        if (value := gauge.gauge_levels.of(level)) is not None
    )
    return f"""import "array"

levels = array.from(rows: [
  {rows},
])
  |> filter(fn: (r) => r.sensor_id == "${{gauge}}")
begin = levels |> map(fn: (r) => ({{r with _time: v.timeRangeStart}}))
end = levels |> map(fn: (r) => ({{r with _time: v.timeRangeStop}}))
union(tables: [begin, end])
  |> group(columns: ["sensor_id", "level"])
  |> sort(columns: ["_time"])"""


def _newest_alert_states(end: str = "") -> str:
    """Every alert as it stood at the end of the time range; `rank` says how bad."""
    return f"""import "date"

rank = (level) => {_RANK} else 0
alerts = from(bucket: "${{bucket}}")
  |> range(start: date.sub(from: v.timeRangeStop, d: {LOOK_BACK}), stop: v.timeRangeStop)
  |> filter(fn: (r) => r._measurement == "alert" and {_EXERCISE})
  |> pivot(rowKey: ["_time"], columnKey: ["_field"], valueColumn: "_value")
  |> group(columns: ["alert_id"])
  |> sort(columns: ["sequence"])
  |> last(column: "sequence")
  |> filter(fn: (r) => r.state == "active" and (r.zone =~ /^${{zone:regex}}$/ or r.zone == "city"))
{end}"""


def zone_states() -> str:
    """A row per zone: its worst active alert, calm where a sensor is fresh, else unknown."""
    return _newest_alert_states(
        f"""fresh_since = date.sub(from: v.timeRangeStop, d: {FRESH})
worst = alerts
  |> map(fn: (r) => ({{zone: r.zone, rank: rank(level: r.level), headline: r.headline_ko + " / " + r.headline_en,
      data_at: time(v: 0)}}))
seen = from(bucket: "${{bucket}}")
  |> range(start: v.timeRangeStart, stop: v.timeRangeStop)
  |> filter(fn: (r) => r.window == "60" and r._field =~ /_count$/)
  |> filter(fn: (r) => r.zone =~ /^${{zone:regex}}$/ and {_EXERCISE})
  |> last()
  |> map(fn: (r) => ({{zone: r.zone, rank: if r._time >= fresh_since then 0 else -1, headline: "", data_at: r._time}}))
union(tables: [seen, worst])
  |> group(columns: ["zone"])
  |> reduce(
      identity: {{rank: -1, headline: "", data_at: time(v: 0)}},
      fn: (r, accumulator) => ({{
        rank: if r.rank > accumulator.rank then r.rank else accumulator.rank,
        headline: if r.rank > accumulator.rank then r.headline else accumulator.headline,
        data_at: if r.data_at > accumulator.data_at then r.data_at else accumulator.data_at,
      }}),
  )
  |> group()
  |> map(fn: (r) => ({{r with state: r.rank}}))
  |> sort(columns: ["rank", "zone"], desc: true)
  |> keep(columns: ["zone", "state", "headline", "data_at"])"""
    )


def active_alerts() -> str:
    """A row per active alert, the worst first."""
    return _newest_alert_states(
        """alerts
  |> group()
  |> map(fn: (r) => ({state: rank(level: r.level), level: r.level, zone: r.zone, headline_ko: r.headline_ko,
      headline_en: r.headline_en, value: r.value, threshold: r.threshold, updated_at: r._time, alert_id: r.alert_id}))
  |> sort(columns: ["state", "updated_at"], desc: true)"""
    )


def alert_count() -> str:
    """How many alerts are active."""
    return _newest_alert_states(
        'alerts |> group() |> count(column: "alert_id") |> rename(columns: {alert_id: "alerts"})'
    )


def alert_changes() -> str:
    """A row per change of an alert in the time range: what annotations say."""
    return f"""from(bucket: "${{bucket}}")
  |> range(start: v.timeRangeStart, stop: v.timeRangeStop)
  |> filter(fn: (r) => r._measurement == "alert" and {_EXERCISE})
  |> filter(fn: (r) => r.zone =~ /^${{zone:regex}}$/ or r.zone == "city")
  |> pivot(rowKey: ["_time"], columnKey: ["_field"], valueColumn: "_value")
  |> group()
  |> map(fn: (r) => ({{time: r._time, title: r.level, text: r.headline_ko + " / " + r.headline_en,
      tags: r.level + "," + r.zone + "," + r.rule_id}}))
  |> sort(columns: ["time"])"""


def freshness() -> str:
    """A row per sensor: when its newest window began, and how long before the end of the time range that was."""
    return f"""import "date"

from(bucket: "${{bucket}}")
  |> range(start: date.sub(from: v.timeRangeStop, d: 7d), stop: v.timeRangeStop)
  |> filter(fn: (r) => r.window == "60" and r._field =~ /_count$/)
  |> filter(fn: (r) => {_CHOSEN} and {_EXERCISE})
  |> last()
  |> group(columns: ["zone", "sensor_id"])
  |> sort(columns: ["_time"])
  |> last(column: "_time")
  |> group()
  |> map(fn: (r) => ({{zone: r.zone, sensor_id: r.sensor_id, last_at: r._time,
      age_s: (int(v: v.timeRangeStop) - int(v: r._time)) / 1000000000}}))
  |> sort(columns: ["age_s"], desc: true)"""


def exercises() -> str:
    """A row per exercise that is kept: from when to when, in its own time."""
    return """windows = from(bucket: "${exercises}")
  |> range(start: 0, stop: 2100-01-01T00:00:00Z)
  |> filter(fn: (r) => r.window == "3600" and r._field =~ /_count$/)
ends = (tables=<-, what) => tables
  |> group(columns: ["exercise"])
  |> map(fn: (r) => ({exercise: r.exercise, what: what, at_ms: int(v: r._time) / 1000000}))
begun = windows |> first() |> ends(what: "from_ms") |> min(column: "at_ms")
ended = windows |> last() |> map(fn: (r) => ({r with _time: time(v: int(v: r._time) + 3600000000000)}))
  |> ends(what: "to_ms") |> max(column: "at_ms")
union(tables: [begun, ended])
  |> group()
  |> pivot(rowKey: ["exercise"], columnKey: ["what"], valueColumn: "at_ms")
  |> map(fn: (r) => ({r with begun_at: time(v: r.from_ms * 1000000)}))
  |> sort(columns: ["exercise"], desc: true)"""


def tag_values(tag: str, predicate: str, *, ever: bool = False) -> str:
    """The values of a tag, for a variable: in the time range, or in all that is kept."""
    start, stop = ("1970-01-01T00:00:00Z", "2100-01-01T00:00:00Z") if ever else ("v.timeRangeStart", "v.timeRangeStop")
    return f"""import "influxdata/influxdb/schema"

schema.tagValues(bucket: "${{bucket}}", tag: "{tag}", predicate: (r) => {predicate}, start: {start}, stop: {stop})"""


def zones() -> str:
    """The zones that have data."""
    return tag_values("zone", 'r._measurement != "alert"')


def sensors() -> str:
    """The sensors of the chosen zones."""
    return tag_values("sensor_id", "r.zone =~ /^${zone:regex}$/")


def gauges() -> str:
    """The river gauges of the chosen zones."""
    return tag_values("sensor_id", 'r._field == "water_level_m_last" and r.zone =~ /^${zone:regex}$/')


def exercise_names() -> str:
    """The exercises in the chosen bucket; none in that of reality."""
    return tag_values("exercise", "true", ever=True)
