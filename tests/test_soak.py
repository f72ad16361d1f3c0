"""What does more at full size is part of `make soak`: otherwise nothing would ever do it."""

from __future__ import annotations

import re
import subprocess
import sys
from pathlib import Path

ROOT = Path(__file__).parent.parent
GROWING = {str(path.relative_to(ROOT)) for path in ROOT.glob("tests/**/test_*.py")
           if path != Path(__file__) and re.search(r"\bFULL_SIZE\b", path.read_text(encoding="utf-8"))}


def test_every_file_that_grows_has_tests_in_it():
    (wanted,) = re.findall(r'GONGHAI_TEST_SIZE=full .* -m "(.*)"', (ROOT / "Makefile").read_text(encoding="utf-8"))
    collected = subprocess.run([sys.executable, "-m", "pytest", "--collect-only", "-q", "-m", wanted, *sorted(GROWING)],
                               cwd=ROOT, capture_output=True, text=True, timeout=120, check=False).stdout
    assert len(GROWING) > 10
    assert {line.partition("::")[0] for line in collected.splitlines() if "::" in line} == GROWING
