"""Puts the service into the wheel where STYLELOSS_WHEEL_BINARY names a binary of it."""

import os
from pathlib import Path
from typing import Any

from hatchling.builders.hooks.plugin.interface import BuildHookInterface


class BinaryHook(BuildHookInterface):
    """With a binary the wheel is one for this platform; without, for any."""

    def initialize(self, version: str, build_data: dict[str, Any]) -> None:
        """Adds the binary as `styleloss/bin/styleloss`, and the licences of what is in it."""
        binary = os.environ.get("STYLELOSS_WHEEL_BINARY")
        if binary and version == "standard":
            repository = Path(self.root).parents[1]
            build_data["force_include"] |= {
                binary: "styleloss/bin/styleloss",
                str(
                    repository / "Sources/CResources/LICENSE-weights.md"
                ): "styleloss/bin/LICENSE-weights.md",
                str(repository / "LICENSE"): "styleloss/bin/LICENSE",
                str(repository / "NOTICE"): "styleloss/bin/NOTICE",
            }
            build_data["pure_python"] = False
            build_data["tag"] = f"py3-none-{os.uname().sysname.lower()}_{os.uname().machine}"
