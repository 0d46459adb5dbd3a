"""Tells what an interpreter is and has. Run by itself with any Python, it prints that as JSON.

Only the standard library is used, in a form that Python 3.6 reads too: an interpreter that is too old
should be named, not fail on this file. No framework is imported.
"""

import importlib.util
import json
import os
import platform
import re
import site
import sys
import sysconfig
from typing import Dict, List, Optional

PACKAGES = ("torch", "jittor", "numpy", "h5py", "onednn-cpu-gomp", "onednn-devel-cpu-gomp")


def describe() -> Dict[str, object]:
    """The running interpreter's version, places and packages."""
    paths = sysconfig.get_paths()
    return {
        "version": list(sys.version_info[:3]),
        "prefix": sys.prefix,
        "base_prefix": sys.base_prefix,
        "machine": platform.machine(),
        "includes": _once([paths["include"], paths["platinclude"]]),
        "suffix": sysconfig.get_config_var("EXT_SUFFIX") or "",
        "abi": sysconfig.get_config_var("SOABI") or "",
        "site": _site_folders(paths),
        "packages": {name: found for name in PACKAGES for found in [_version(name)] if found},
        "pip": importlib.util.find_spec("pip") is not None,
    }


def _once(items: List[str]) -> List[str]:
    return list(dict.fromkeys(items))


def _site_folders(paths: Dict[str, str]) -> List[str]:
    """Every folder that packages are imported from."""
    found = [path for path in sys.path if path and os.path.isdir(path)]  # noqa: PTH112
    found += [paths["purelib"], paths["platlib"], *getattr(site, "getsitepackages", list)()]
    return _once([os.path.abspath(path) for path in found])  # noqa: PTH100


def _version(name: str) -> Optional[str]:
    """The installed version of a distribution, without importing it."""
    try:
        from importlib.metadata import PackageNotFoundError, version
    except ImportError:  # before Python 3.8
        return _version_by_folder(name)
    try:
        return version(name) or None
    except (PackageNotFoundError, KeyError, TypeError):  # the latter two: an install that stopped half way
        return None


def _version_by_folder(name: str) -> Optional[str]:
    """The version in the name of the folder, or file, that an installation leaves beside a package."""
    pattern = re.compile(re.escape(name.replace("-", "_")) + r"-(\d[^-]*?)(-py[\d.]+)?\.(dist|egg)-info$")
    folders = [path for path in sys.path if os.path.isdir(path)]  # noqa: PTH112
    found = [pattern.match(entry) for path in folders for entry in os.listdir(path)]  # noqa: PTH208
    return next((match.group(1) for match in found if match), None)


if __name__ == "__main__":
    sys.path = [path for path in sys.path if path != os.path.dirname(__file__)]  # noqa: PTH120
    print(json.dumps(describe()))
