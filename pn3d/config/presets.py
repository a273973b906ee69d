"""Presets: what each changes against the defaults of ``pn3d.config``, by dotted names (``presets.toml``)."""

import tomllib
from pathlib import Path
from typing import Any


def dotted(values: dict[str, Any], prefix: str = "") -> dict[str, Any]:
    """Nested settings by dotted names: ``{"model": {"width": 8}}`` -> ``{"model.width": 8}``."""
    flat: dict[str, Any] = {}
    for key, value in values.items():
        flat |= dotted(value, f"{prefix}{key}.") if isinstance(value, dict) else {prefix + key: value}
    return flat


PRESETS: dict[str, dict[str, Any]] = {
    name: dotted(values)
    for name, values in tomllib.loads(Path(__file__).with_name("presets.toml").read_text(encoding="utf-8")).items()
}
