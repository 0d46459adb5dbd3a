"""Writes files and folders whole or not at all, and replaces existing ones only when asked.

What is being written lies in a hidden folder beside its place, which goes with its writer. It is locked as
long as the writer lives: should the sweeper be killed as well, whoever writes there next clears it away.
"""

from __future__ import annotations

import contextlib
import fcntl
import os
import shutil
import stat
import tempfile
from collections.abc import Iterator
from pathlib import Path

from harness import guard
from harness.errors import BadInput, HarnessError
from harness.other_users import others_hand

PREFIX, SUFFIX = ".align-", ".partial"
_OWN = 0o755  # a folder that no other user can write, whatever the umask is


def require_free(path: Path, *, replace: bool = False) -> None:
    """Refuse a place where no new file can be made; with `replace`, a regular file there may go."""
    try:
        mode = path.lstat().st_mode
    except FileNotFoundError:
        if path.parent.is_dir():
            return
        raise BadInput(f"{path} cannot be written: there is no folder {path.parent}; make it first") from None
    except (OSError, ValueError) as error:
        raise _cannot(path, error) from error
    if stat.S_ISLNK(mode):
        raise BadInput(f"{path} is a link to {os.readlink(path)}; name a file that is none")
    if stat.S_ISDIR(mode):
        raise BadInput(f"{path} is a folder; name a file")
    if not stat.S_ISREG(mode):
        raise BadInput(f"{path} is no regular file; name another")
    if not replace:
        raise _exists(path)


@contextlib.contextmanager
def new_files(*paths: Path, replace: bool = False) -> Iterator[list[Path]]:
    """Where to write files of one folder; at the end of the block all take their names, or none does."""
    for path in paths:
        require_free(path, replace=replace)
    with _workshop(paths[0], paths[0].parent) as workshop:
        drafts = {workshop / path.name: path for path in paths}
        with _final_names(drafts):
            yield list(drafts)
        _publish(drafts, replace)


@contextlib.contextmanager
def new_file(path: Path, *, replace: bool = False) -> Iterator[Path]:
    """Where to write a file, which takes its name at the end of the block."""
    with new_files(path, replace=replace) as (draft,):
        yield draft


@contextlib.contextmanager
def first_file(path: Path) -> Iterator[Path]:
    """Where to write a file that others may write as well, with the same content: the first one stays.

    It may be read already, and a file that is replaced while it is read is refused.
    """
    with _workshop(path, path.parent) as workshop:
        draft = workshop / path.name
        yield draft
        try:
            _link(draft, path)
        except FileExistsError:
            return
        except OSError as error:
            raise _cannot(path, error) from error


def write_file(path: Path, content: str | bytes, *, replace: bool = False) -> None:
    """Write a file; what UTF-8 cannot express becomes a question mark."""
    raw = content if isinstance(content, bytes) else content.encode("utf-8", "replace")
    with new_file(path, replace=replace) as draft:
        try:
            draft.write_bytes(raw)
        except OSError as error:
            raise _cannot(path, error) from error


def require_free_folder(path: Path) -> None:
    """Refuse a place where no new folder can be made. What a folder holds is never removed."""
    try:
        if not path.is_symlink() and not path.exists():
            return
        if path.is_dir() and not any(path.iterdir()):
            return
    except OSError as error:
        raise _cannot(path, error) from error
    raise BadInput(f"{path} exists and is not an empty folder; name another")


@contextlib.contextmanager
def new_folder(path: Path) -> Iterator[Path]:
    """Where to fill a folder, which takes its name at the end of the block; an empty one may be there."""
    require_free_folder(path)
    place = path.resolve()
    with contextlib.suppress(OSError):  # the workshop tells why
        place.parent.mkdir(parents=True, exist_ok=True)
    with _workshop(path, place.parent) as workshop:
        draft = workshop / "folder"
        draft.mkdir(_OWN)
        yield draft
        try:
            draft.rename(place)
        except OSError as error:
            require_free_folder(path)
            raise _cannot(path, error) from error


def claim_folder(path: Path, first: str) -> bool:
    """Make a folder of one's own with a folder `first` in it; False where somebody has it already.

    Of many processes that claim the same folder at once one gets it.
    """
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        return _claimed(path, first)
    except OSError as error:
        raise _cannot(path, error) from error


def _claimed(path: Path, first: str) -> bool:
    try:
        path.mkdir(_OWN, exist_ok=True)
        if any(path.iterdir()):
            return False
        if wrong := others_hand(path):
            raise BadInput(f"{path} cannot be written safely: {wrong}; name another folder")
        (path / first).mkdir(_OWN)
    except FileExistsError:
        return False
    return True


@contextlib.contextmanager
def _final_names(drafts: dict[Path, Path]) -> Iterator[None]:
    """Name the files to be, where something is said about drafts."""
    try:
        yield
    except HarnessError as error:
        said = str(error)
        for draft, path in drafts.items():
            said = said.replace(str(draft), str(path))
        error.args = (said,)
        raise


def _publish(drafts: dict[Path, Path], replace: bool) -> None:
    try:
        for draft, path in drafts.items():
            _publish_one(draft, path, replace)
    except BaseException:
        for draft, path in drafts.items():
            with contextlib.suppress(OSError):
                if path.samefile(draft):
                    path.unlink()
        raise


def _publish_one(draft: Path, path: Path, replace: bool) -> None:
    try:
        if replace:
            draft.replace(path)
        else:
            _link(draft, path)
    except FileExistsError as error:
        raise _exists(path) from error
    except OSError as error:
        raise _cannot(path, error) from error


def _link(draft: Path, path: Path) -> None:
    """Give a file a second name, which, unlike renaming, never takes another file's place."""
    try:
        path.hardlink_to(draft)
    except FileExistsError:
        raise
    except OSError:  # this file system knows no second names: an empty file holds the place
        path.touch(exist_ok=False)
        try:
            draft.replace(path)
        except BaseException:
            path.unlink()
            raise


@contextlib.contextmanager
def _workshop(path: Path, parent: Path) -> Iterator[Path]:
    """A hidden folder beside `path`, gone at the end of the block."""
    try:
        clear_left(parent)
        folder, lock = _locked_folder(parent)
    except OSError as error:
        raise _cannot(path, error) from error
    guard.sweep(folder)
    try:
        yield folder
    finally:
        shutil.rmtree(folder, ignore_errors=True)
        guard.spare(folder)
        os.close(lock)


def _locked_folder(parent: Path) -> tuple[Path, int]:
    while True:
        folder = Path(tempfile.mkdtemp(prefix=PREFIX, suffix=SUFFIX, dir=parent.absolute()))
        with contextlib.suppress(FileNotFoundError):  # cleared away before it was locked
            lock = os.open(folder, os.O_RDONLY | os.O_DIRECTORY)
            with contextlib.suppress(OSError):  # without locks nothing is cleared away either
                fcntl.flock(lock, fcntl.LOCK_EX)
            if folder.exists():
                return folder, lock
            os.close(lock)


def clear_left(parent: Path) -> None:
    """Remove our folders whose writer has ended without doing so."""
    for folder in parent.glob(f"{PREFIX}*{SUFFIX}"):
        with contextlib.suppress(OSError):
            lock = os.open(folder, os.O_RDONLY | os.O_DIRECTORY | os.O_NOFOLLOW)
            try:
                fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
                if os.fstat(lock).st_uid == os.getuid():
                    shutil.rmtree(folder, ignore_errors=True)
            finally:
                os.close(lock)


def _exists(path: Path) -> BadInput:
    return BadInput(f"{path} exists; use --force or name another")


def _cannot(path: Path, error: OSError | ValueError) -> BadInput:
    reason = error.strerror if isinstance(error, OSError) else None
    return BadInput(f"{path} cannot be written: {reason or error}; choose another place")
