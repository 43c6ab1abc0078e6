"""What this program is called and which version it is, for records and evidence."""

from typing import Final

VERSION: Final = "0.1.0"
TOOL: Final = f"drifttui {VERSION}"
