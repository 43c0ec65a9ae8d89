"""The status at a glance, asked of a process's real metrics server."""

from __future__ import annotations

import io
import subprocess
import sys
from collections import Counter

from rich.console import Console

from deploy.balance import OUTCOMES, Balance, balance_table, together
from deploy.status import asked, print_status

SERVER = """
import sys
from streams import metrics
metrics.VALUES.labels("air-quality", "windowed", "keco").inc(1200)
metrics.VALUES.labels("air-quality", "duplicate", "keco").inc(3)
metrics.VALUES.labels("traffic", "windowed", "city").inc(34)
metrics.VALUES.labels("traffic", "set_aside", "city").inc(6)
metrics.RECEIVED.labels("air-quality").inc(1203)
metrics.RECEIVED.labels("traffic").inc(1041)
metrics.RECEIVED.labels("disaster").inc(0)
metrics.REJECTED.labels("readings.traffic", "malformed").inc(2)
print(metrics.serve("127.0.0.1", 0, lambda: "restoring partition 3"), flush=True)
sys.stdin.read()
"""


def test_a_process_is_told_with_its_reason_and_its_counts() -> None:
    with subprocess.Popen(
        [sys.executable, "-c", SERVER], stdout=subprocess.PIPE, stdin=subprocess.PIPE, text=True
    ) as process:
        assert process.stdout is not None
        url = f"http://127.0.0.1:{int(process.stdout.readline())}/metrics"
        health = asked(url)
        assert health.ready == "restoring partition 3"
        assert health.counts == {"windowed": 1234, "duplicate": 3, "set aside": 6, "refused records": 2}
        page = io.StringIO()
        print_status(
            {
                "kafka": {"bootstrap": "127.0.0.1:9092"},
                "influx": {"url": "http://x", "state": "building", "note": {"ko": "만드는 중", "en": "being built"}},
                "room": {"url": "http://127.0.0.1:8600/"},
                "data_dir": "/var/lib/urbanhub",
                "pids": {"worker": process.pid},
                "restarts": {"worker": 2, "replay": 0, "sink": 1},
                "finished": ["replay"],
                "metrics": {"worker": url},
            },
            Console(file=page, width=200),
        )
        process.kill()
    rows = {line.split()[0]: line for line in page.getvalue().splitlines() if line.strip()}
    assert "restoring partition 3" in rows["worker"]
    assert "1,234 windowed" in rows["worker"]
    assert "finished" in rows["replay"]
    assert "down" in rows["sink"]
    assert "being built" in page.getvalue()
    assert rows["values"].split()[1:] == ["air-quality", "disaster", "traffic"]
    assert rows["received"].split()[1:] == ["1,203", "0", "1,041"]
    told = [rows[outcome.split("_")[0]].split()[-3:] for outcome in OUTCOMES]
    assert told == [["1,200", "0", "34"], ["0"] * 3, ["3", "0", "0"], ["0"] * 3, ["0"] * 3, ["0", "0", "6"]]
    assert rows["balances"].split() == ["balances", "balances", "1,001", "without", "a", "fate"]


def test_values_of_all_domains_fit_a_terminal_of_80_columns() -> None:
    page, many = io.StringIO(), Balance(123_456_789, Counter(windowed=123_456_788))
    table = balance_table(dict.fromkeys(("air-quality", "disaster", "traffic"), many))
    Console(file=page, width=80).print(table)
    assert page.getvalue().count("123,456,789") == 3
    assert page.getvalue().count("1 without a fate") == 3
    assert "…" not in page.getvalue()


def test_several_processes_balance_together_and_fates_too_many_are_told() -> None:
    one = {"traffic": Balance(7, Counter(windowed=5, late=2))}
    other = {"traffic": Balance(1, Counter(windowed=3)), "disaster": Balance()}
    found = together([one, other, {}])
    assert (found["traffic"].received, found["traffic"].fates) == (8, Counter(windowed=8, late=2))
    assert [found[domain].says for domain in ("traffic", "disaster")] == ["2 fates too many", "balances"]
    assert one["traffic"].says == "balances"


def test_a_process_whose_rule_files_were_refused_says_that_it_judges_by_older_rules() -> None:
    refused = SERVER.replace('"restoring partition 3"', "None").replace("print(", "metrics.RULES_OLDER.set(1)\nprint(")
    with subprocess.Popen(
        [sys.executable, "-c", refused], stdout=subprocess.PIPE, stdin=subprocess.PIPE, text=True
    ) as process:
        assert process.stdout is not None
        health = asked(f"http://127.0.0.1:{int(process.stdout.readline())}/metrics")
        process.kill()

    assert health.ready == "ready, older rules"


def test_a_process_that_does_not_answer_is_told_so() -> None:
    assert asked("http://127.0.0.1:9/metrics").ready.startswith("no answer")
