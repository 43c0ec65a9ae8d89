"""The README's programs, run as a reader would copy them."""

from __future__ import annotations

import re
import sys
from pathlib import Path

from deploy.child import Child

README = Path(__file__).parent.parent.parent / "README.md"


def example(name: str) -> str:
    """The program that follows `<!-- example: NAME -->` in the README."""
    found = re.search(rf"<!-- example: {re.escape(name)} -->\n```python\n(.*?)```", README.read_text(), re.DOTALL)
    assert found is not None, f"the README has no example {name!r}"
    return found[1]


def running(name: str, folder: Path, *arguments: str) -> Child:
    """The program as a process, not started."""
    path = folder / f"{name}.py"
    path.write_text(example(name))
    return Child(name, [sys.executable, "-u", path, *arguments], log=folder / f"{name}.log")
