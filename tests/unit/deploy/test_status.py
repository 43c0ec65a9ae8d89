"""The status at a glance, asked of a process's real metrics server."""

from __future__ import annotations

import io
import subprocess
import sys

from rich.console import Console

from deploy.status import asked, print_status

SERVER = """
import sys
from streams import metrics
metrics.VALUES.labels("air-quality", "windowed", "keco").inc(1200)
metrics.VALUES.labels("air-quality", "duplicate", "keco").inc(3)
metrics.VALUES.labels("traffic", "windowed", "city").inc(34)
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
        assert health.counts == {"windowed": 1234, "duplicate": 3, "rejected": 2}
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


def test_a_process_that_does_not_answer_is_told_so() -> None:
    assert asked("http://127.0.0.1:9/metrics").ready.startswith("no answer")
