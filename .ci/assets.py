"""`make assets`: copy the scripts of others that package.json names into the tree, with their licences and hashes.

npm fetches the packages under build/, without running any script of theirs. What is copied is committed, so that
neither running nor testing Gonghai needs npm or a network. `SHA256SUMS` beside the copies can be checked by
`sha256sum -c`, and is by a test.
"""

from __future__ import annotations

import hashlib
import shutil
import subprocess
import sys
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
PACKAGES = ROOT / "build" / "npm"

COPIES = {
    "app/static/vendor": {
        "chart.umd.min.js": "chart.js/dist/chart.umd.min.js",
        "chart.LICENSE.txt": "chart.js/LICENSE.md",
        "chart.color.LICENSE.txt": "@kurkle/color/LICENSE.md",  # part of the bundle
        "cally.js": "cally/dist/cally.js",
        "cally.LICENSE.txt": "cally/LICENSE",
        "cally.atomico.LICENSE.txt": "atomico/LICENCE",  # part of the bundle
    },
    "tests/support/vendor": {
        "axe.min.js": "axe-core/axe.min.js",
        "axe.LICENSE.txt": "axe-core/LICENSE",
        "axe.LICENSE-3RD-PARTY.txt": "axe-core/LICENSE-3RD-PARTY.txt",
    },
}
"""For each folder: the name here, and where it stands among the packages."""


def main() -> int:
    """0 if everything was copied, 1 if npm is missing or could not fetch the packages."""
    if shutil.which("npm") is None:
        print("npm is not here: install Node.js. Only `make assets` needs it.", file=sys.stderr)
        return 1
    shutil.rmtree(PACKAGES, ignore_errors=True)
    PACKAGES.mkdir(parents=True)
    shutil.copy(ROOT / "package.json", PACKAGES)
    fetched = subprocess.run(["npm", "install", "--ignore-scripts", "--no-package-lock", "--no-audit", "--no-fund"],
                             cwd=PACKAGES, check=False)
    if fetched.returncode:
        return 1
    for folder, copies in COPIES.items():
        copy(ROOT / folder, copies)
    return 0


def copy(folder: Path, copies: dict[str, str]) -> None:
    """Fill a folder anew, and write down what its files must hash to."""
    shutil.rmtree(folder, ignore_errors=True)
    folder.mkdir(parents=True)
    for name, source in copies.items():
        shutil.copyfile(PACKAGES / "node_modules" / source, folder / name)
        print(f"{(folder / name).stat().st_size:>8} bytes  {(folder / name).relative_to(ROOT)}")
    lines = [f"{hashlib.sha256((folder / name).read_bytes()).hexdigest()}  {name}\n" for name in sorted(copies)]
    (folder / "SHA256SUMS").write_text("".join(lines))


if __name__ == "__main__":
    sys.exit(main())
