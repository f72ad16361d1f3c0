"""`make audit`: is any of the pinned dependencies known to be vulnerable?

Fails on a known vulnerability, and if a dependency could not be looked up. Where the advisories cannot be reached at
all it says so in one line that begins with LEFT OUT, and does not fail.
"""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
FILES = ("requirements.txt", "requirements-dev.txt")
LONGEST = 300


def main() -> int:
    """0 if nothing is known against the dependencies or nobody could be asked, else 1."""
    try:
        answer = ask()
    except subprocess.TimeoutExpired:
        return leave_out("no answer came in time")
    try:
        found = json.loads(answer.stdout)["dependencies"]
    except (ValueError, KeyError):
        return without_answer(answer.stderr)
    return judge(found)


def ask() -> subprocess.CompletedProcess[str]:
    """Let pip-audit look every pinned version up; nothing is resolved or installed."""
    files = [part for name in FILES for part in ("--requirement", str(ROOT / name))]
    return subprocess.run(
        [str(Path(sys.executable).with_name("pip-audit")), *files, "--require-hashes", "--disable-pip",
         "--format", "json", "--progress-spinner", "off", "--timeout", "15"],
        capture_output=True, text=True, timeout=LONGEST, check=False)


def judge(found: list[dict[str, object]]) -> int:
    """Say what was found of each dependency.

    Args:
        found: pip-audit's list; an entry has `vulns`, or a `skip_reason` if it could not be looked up.
    """
    unknown = [entry for entry in found if "skip_reason" in entry]
    if found and len(unknown) == len(found):
        return leave_out("nothing was found of any dependency")
    bad = [(entry["name"], entry["version"], vulnerability) for entry in found if "skip_reason" not in entry
           for vulnerability in entry["vulns"]]  # type: ignore[attr-defined]
    for name, version, vulnerability in bad:
        fixed = ", ".join(vulnerability["fix_versions"]) or "nowhere yet"
        print(f"{name} {version}: {vulnerability['id']}, fixed in {fixed}")
    for entry in unknown:
        print(f"{entry['name']}: {entry['skip_reason']}")
    if bad or unknown:
        return 1
    print(f"{len(found)} dependencies, nothing is known against them")
    return 0


def leave_out(reason: str) -> int:
    """The advisories cannot be reached from here."""
    print(f"LEFT OUT: the audit of the dependencies, because the advisories cannot be reached ({reason})")
    return 0


def without_answer(said: str) -> int:
    """pip-audit gave up: for want of a connection, or because something here is wrong."""
    lines = said.strip().splitlines()
    reason = lines[-1][:200] if lines else "pip-audit said nothing"
    if any(word in reason.lower() for word in ("connect", "timed out", "resolve", "max retries")):
        return leave_out(reason)
    print(reason)
    return 1


if __name__ == "__main__":
    sys.exit(main())
