"""Imports of optional packages: the module, or one line that names the extra."""

import importlib
from typing import Any

from pn3d.files.errors import UserError


def require(module: str, extra: str, purpose: str) -> Any:
    """Imports ``module``; raises UserError naming the extra where it is missing or cannot be loaded."""
    try:
        return importlib.import_module(module)
    except ModuleNotFoundError as error:
        if error.name != module.split(".")[0]:
            raise UserError(
                f'{purpose} needs {error.name}, which {module} lacks; pip install "pn3d[{extra}]"'
            ) from error
        raise UserError(f'{purpose} needs {module}, which is not installed; pip install "pn3d[{extra}]"') from error
    except (ImportError, AttributeError, OSError) as error:
        problem = " ".join(str(error).split())[:160]
        raise UserError(f"{purpose} needs {module}, which is installed but cannot be loaded: {problem}") from error
