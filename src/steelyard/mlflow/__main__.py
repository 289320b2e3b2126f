"""``python -m steelyard.mlflow script.py [arguments]``"""

from __future__ import annotations

import runpy
import sys
from pathlib import Path

from steelyard.mlflow.alias import install_alias


def main() -> None:
    """Run the script named first among the arguments, as Python would, with ``mlflow`` answered by Steelyard."""
    if len(sys.argv) < 2 or sys.argv[1] in ("-h", "--help"):
        sys.exit("usage: python -m steelyard.mlflow script.py [arguments]")
    script = Path(sys.argv[1])
    if not script.is_file():
        sys.exit(f"There is no script {str(script)!r}.")
    sys.argv = sys.argv[1:]
    sys.path[0] = str(script.resolve().parent)  # python -m put the working folder there; a script has its own
    install_alias()
    runpy.run_path(str(script), run_name="__main__")


if __name__ == "__main__":
    main()
