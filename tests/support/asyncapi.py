"""The AsyncAPI initiative's own JSON Schema of an AsyncAPI 3.0 document, fetched once by npm and kept in the cache."""

from __future__ import annotations

import base64
import hashlib
import json
import subprocess
import tarfile
import tempfile
from pathlib import Path
from typing import Any

from deploy.cache import cache_dir, locked

ROOT = Path(__file__).parents[2]
LOCK = Path(__file__).parent / "asyncapi.lock"
SCHEMA = "package/schemas/3.0.0.json"


def asyncapi_schema() -> dict[str, Any]:
    """The schema, of the package and with the digest that the lock names."""
    package, integrity = LOCK.read_text().split()
    kept = cache_dir() / "asyncapi" / f"{package.rsplit('@', 1)[1]}.tgz"
    with locked("asyncapi"):
        if not kept.exists():
            kept.parent.mkdir(parents=True, exist_ok=True)
            _fetch(package, kept)
    found = "sha512-" + base64.b64encode(hashlib.sha512(kept.read_bytes()).digest()).decode()
    assert found == integrity, f"{kept} is not what {LOCK.name} names: remove it"
    with tarfile.open(kept) as archive:
        file = archive.extractfile(SCHEMA)
        assert file is not None
        schema: dict[str, Any] = json.load(file)
    return schema


def _fetch(package: str, into: Path) -> None:
    with tempfile.TemporaryDirectory(dir=into.parent) as folder:
        packed = subprocess.run(
            [ROOT / "deploy" / "node", "npm", "pack", "--silent", "--pack-destination", folder, package],
            capture_output=True,
            text=True,
            timeout=120,
            check=False,
        )
        assert packed.returncode == 0, f"{package} could not be fetched: {packed.stderr[-500:]}"
        Path(folder, packed.stdout.split()[-1]).replace(into)
