"""Where a model's folder is: an address of a run, of a logged model, or a folder on this machine."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from urllib.parse import unquote, urlsplit

from steelyard.errors import InvalidArgument, ModelError, NotFound
from steelyard.records import LoggedModel, Store
from steelyard.tracking import get_store, parse_runs_uri

MODELS = "models:/"
DIGEST_TAG = "steelyard.model.sha256"
MAX_FILE = 8 << 30


@dataclass(frozen=True, slots=True)
class LocalFolder:
    """A folder on this machine."""

    folder: Path

    @property
    def sha256(self) -> str:
        return ""  # nobody but the folder itself knows

    def read(self, name: str) -> bytes:
        """Return the content of a file of the folder, by one of our own names."""
        path = self.folder / name
        try:
            if path.stat().st_size > MAX_FILE:
                raise ModelError(f"{path} has more than {MAX_FILE:,} bytes, too many for a model.")
            return path.read_bytes()
        except FileNotFoundError as error:
            raise NotFound(f"There is no {name} in {str(self.folder)!r}: no model was saved there.") from error
        except OSError as error:
            raise ModelError(f"{path} cannot be read: {error.strerror}.") from error


@dataclass(frozen=True, slots=True)
class RunFolder:
    """A folder among a run's artifacts; ``sha256`` is the model file's digest as the store recorded it, if it did."""

    store: Store
    run_id: str
    path: str
    sha256: str = ""

    def read(self, name: str) -> bytes:
        """Return the content of a file of the folder, by one of our own names."""
        path = f"{self.path}/{name}" if self.path else name
        size = self.store.artifacts.stat(self.run_id, path).file_size or 0
        if size > MAX_FILE:
            raise ModelError(f"The artifact {path!r} has {size:,} bytes, too many for a model.")
        return self.store.artifacts.read(self.run_id, path)


def find_place(uri: str | Path) -> LocalFolder | RunFolder:
    """Return the folder that an address names.

    Args:
        uri: ``runs:/<run id>/<name>``, ``models:/<model id>``, or a folder on this machine.

    Raises:
        NotFound: if there is no such run or model.
        InvalidArgument: for another kind of address.
    """
    if isinstance(uri, Path):
        return LocalFolder(uri)
    if not isinstance(uri, str) or not uri.strip():
        raise InvalidArgument(f"A model is named by an address or a folder, not by {uri!r}.")
    if uri.startswith("runs:/"):
        run_id, path = parse_runs_uri(uri)
        return _in_run(get_store(), run_id, path)
    if uri.startswith(MODELS):
        store = get_store()
        return _of_model(store, store.models.get(uri.removeprefix(MODELS).strip("/")))
    if uri.startswith("file:"):
        return LocalFolder(Path(unquote(urlsplit(uri).path)))
    if "://" in uri or uri.partition(":")[0] in ("runs", "models"):
        raise InvalidArgument(
            f"{uri!r} is no address of a model. Use 'runs:/<run id>/<name>', 'models:/<model id>' or a folder."
        )
    return LocalFolder(Path(uri))


def _in_run(store: Store, run_id: str, path: str) -> RunFolder:
    """A name logged twice in a run is the model that was logged last."""
    if not path:
        raise InvalidArgument(f"'runs:/{run_id}' names a run and no model in it. Use 'runs:/{run_id}/<name>'.")
    logged = [model for model in store.models.list(run_id=run_id) if model.name == path]
    if logged:
        return _of_model(store, max(logged, key=lambda model: model.creation_timestamp))
    return RunFolder(store, run_id, path)


def _of_model(store: Store, model: LoggedModel) -> RunFolder:
    return RunFolder(store, model.source_run_id, model.artifact_path, model.tags.get(DIGEST_TAG, ""))
