"""An audit hook listens while models load: nothing is unpickled, executed or started."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

_SCRIPT = """
import sys, pathlib
from sklearn.datasets import load_iris
from sklearn.ensemble import GradientBoostingClassifier, HistGradientBoostingClassifier, RandomForestClassifier
from sklearn.feature_extraction.text import TfidfVectorizer
from sklearn.linear_model import LogisticRegression
from sklearn.neighbors import KNeighborsClassifier
from sklearn.pipeline import make_pipeline
from sklearn.svm import SVC
from steelyard import flavors
from steelyard.errors import UntrustedModel

root = pathlib.Path(sys.argv[1])
X, y = load_iris(return_X_y=True)
models = [m.fit(X, y) for m in (RandomForestClassifier(3), GradientBoostingClassifier(n_estimators=2),
          HistGradientBoostingClassifier(max_iter=2), SVC(), KNeighborsClassifier(algorithm="kd_tree"))]
models.append(make_pipeline(TfidfVectorizer(), LogisticRegression()).fit(["a cat", "a dog"] * 5, [0, 1] * 5))
for number, model in enumerate(models):
    flavors.save_model(model, root / str(number))
flavors.save_model(models[0], root / "pickled", serialization_format="pickle")
flavors.load_model(root / "0")  # modules are imported once, which executes their own code

heard = []
forbidden = ("exec", "os.system", "os.exec", "os.posix_spawn", "os.fork", "pickle.find_class", "subprocess.Popen",
             "socket.connect", "marshal.loads", "ctypes.dlopen", "code.__new__")
sys.addaudithook(lambda event, arguments: heard.append((event, arguments)) if event.startswith(forbidden) else None)
for number in range(len(models)):
    flavors.load_model(root / str(number))
try:
    flavors.load_model(root / "pickled")
except UntrustedModel:
    print("refused")
quiet = list(heard)
flavors.load_model(root / "pickled", trusted_digest=flavors.describe_model(root / "pickled").digest)
print(quiet, any(event == "pickle.find_class" for event, _ in heard))
"""


def test_no_code_runs_while_models_load(tmp_path: Path) -> None:
    done = subprocess.run(
        [sys.executable, "-W", "ignore", "-c", _SCRIPT, str(tmp_path)], capture_output=True, text=True, check=False
    )
    assert done.stderr == ""
    # The last word shows that the hook does hear a pickle when the caller has asked for one.
    assert done.stdout.splitlines() == ["refused", "[] True"]
