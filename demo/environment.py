"""What the demo's processes find in their environment."""

import os
import secrets
import shlex
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

from demo.progress import write_private
from embedded import CannotStart

ROOT = Path(__file__).resolve().parent.parent
OWN_AWS = "own-aws"
OWN_AWS_NAMES = ("AWS_ENDPOINT_URL", "AWS_PROFILE", "AWS_DEFAULT_REGION")
SANDBOX_KEYS = {
    "AWS_ACCESS_KEY_ID": "sandbox",
    "AWS_SECRET_ACCESS_KEY": "sandbox",
    "AWS_EC2_METADATA_DISABLED": "true",
    "SYNC_RATE_SHARE": "0",
}


@dataclass(frozen=True)
class Choices:
    """What the operator may choose. days, steps: how far back the history goes, read how many times."""

    folder: Path
    port: str
    days: int
    steps: int
    findings: int
    own_aws: bool

    @classmethod
    def of(cls, given: Mapping[str, str]) -> "Choices":
        folder = Path(given.get("DEMO_FOLDER") or ROOT / ".demo").resolve()
        own_aws = bool(given.get("AWS_ENDPOINT_URL") or given.get("AWS_PROFILE"))
        return cls(
            folder=folder / OWN_AWS if own_aws else folder,
            port=given.get("PORT", ""),
            days=_number(given, "DEMO_DAYS", 60),
            steps=_number(given, "DEMO_STEPS", 16),
            findings=_number(given, "DEMO_FINDINGS", 20_000),
            own_aws=own_aws,
        )

    @property
    def clock(self) -> Path:
        return self.folder / "clock.json"

    @property
    def folders(self) -> tuple[Path, Path]:
        """Both folders data may be in: the operator's own AWS never mixes with the sandbox."""
        shared = self.folder.parent if self.own_aws else self.folder
        return shared / OWN_AWS, shared


def _number(given: Mapping[str, str], name: str, usual: int) -> int:
    value = given.get(name) or str(usual)
    if not value.isdecimal() or int(value) == 0:
        raise CannotStart(f"{name} must be a whole number above 0, not {value!r}.")
    return int(value)


def build(choices: Choices, servers: Mapping[str, str], sandbox: str | None) -> dict[str, str]:
    """The environment of every process. sandbox: its address, None where the operator's own AWS is used."""
    folder = choices.folder
    ours = {
        "DJANGO_SETTINGS_MODULE": "compliance_portal.settings",
        "PORTAL_ENVIRONMENT": "demo",
        "SECRET_KEY": _secret(folder / "secret-key"),
        "PORTAL_BEAT_SCHEDULE": str(folder / "beat-schedule"),
        "STATIC_ROOT": str(folder / "static"),
        "EXPORT_FOLDER": str(folder / "exports"),
        "EVIDENCE_FOLDER": str(folder / "evidence"),
        "SIGNING_KEY_FILE": str(folder / "signing-key.pem"),
        "LOG_FORMAT": "text",
        "ORGANISATION_NAME": os.environ.get("ORGANISATION_NAME") or "Example Ltd",
        "PYTHONUNBUFFERED": "1",
        **servers,
    }
    if choices.own_aws:
        ours |= {name: os.environ[name] for name in OWN_AWS_NAMES if os.environ.get(name)}
    if sandbox:
        ours |= SANDBOX_KEYS | {"AWS_ENDPOINT_URL": sandbox, "PORTAL_CLOCK_FILE": str(choices.clock)}
    write_private(folder / "env", "".join(f"export {name}={shlex.quote(ours[name])}\n" for name in sorted(ours)))
    return dict(os.environ) | ours


def _secret(file: Path) -> str:
    if not file.exists():
        write_private(file, secrets.token_urlsafe(48))
    return file.read_text()
