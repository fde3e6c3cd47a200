"""What takes minutes: run by `make soak`, not by `make test`. The client is that of the loopback tests."""

import sys
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parent.parent / "loopback"))
