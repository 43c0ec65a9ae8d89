"""InfluxDB 2.7 for the hub: an existing one by settings, one found on the machine, or one built from source once.

`binary` finds it or says what is missing, `builder` builds it in the background, `node` runs it, `access` is what
others need to write to it and read from it, `buckets` sees that its buckets are there.
"""

from deploy.influx.access import InfluxAccess, ensure_buckets, is_healthy
from deploy.influx.binary import Note, cached_binary, find_binary, missing_for_build
from deploy.influx.builder import build
from deploy.influx.node import InfluxNode, own_access

__all__ = [
    "InfluxAccess",
    "InfluxNode",
    "Note",
    "build",
    "cached_binary",
    "ensure_buckets",
    "find_binary",
    "is_healthy",
    "missing_for_build",
    "own_access",
]
