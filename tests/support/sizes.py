"""How much the long tests do: less in `make test` and `.ci/run`, all of it in `make soak`."""

from __future__ import annotations

import os

FULL_SIZE = os.environ.get("GONGHAI_TEST_SIZE") == "full"
