"""Small files of every format, and the published ones where they are at hand."""

from __future__ import annotations

import io
import json
import os
from pathlib import Path
from typing import Any

import openpyxl
import pytest

BESIDE = Path(__file__).resolve().parents[3] / "shared" / "data"
PUBLISHED = Path(os.environ.get("PUBLISHED_FILES", BESIDE))
needs_published = pytest.mark.skipif(
    not PUBLISHED.is_dir(), reason="the published files are not here: PUBLISHED_FILES names their folder"
)
NIST = PUBLISHED / "oscal/nist_800-53_rev5/NIST_SP-800-53_rev5.0.1_full_catalog_from_trestle-demo.json"
BASELINES = {
    key: PUBLISHED / f"oscal/nist_800-53_rev5/NIST_SP-800-53_rev5_{key.upper()}-baseline_profile.json"
    for key in ("low", "moderate")
}
NZISM = PUBLISHED / "controls/nzism/NZISM-V3.9-November-2025.xml"
PACKS = PUBLISHED / "conformance_packs"
UUID = "613fca2d-704a-42e7-8e2b-b206fb92b456"


def control(key: str, **more: Any) -> dict[str, Any]:
    parts = [
        {"id": f"{key}_smt", "name": "statement", "prose": f"Do what {key} says {{{{ insert: param, {key}_p }}}}."}
    ]
    label = [{"name": "label", "value": key.upper()}]
    params = [{"id": f"{key}_p", "label": "every day"}]
    return {"id": key, "title": f"Title of {key}", "props": label, "params": params, "parts": parts, **more}


def catalog(*controls: dict[str, Any], version: str = "1.0", title: str = "Example Standard") -> bytes:
    metadata = {
        "title": title,
        "last-modified": "2025-01-01T00:00:00Z",
        "version": version,
        "oscal-version": "1.1.2",
    }
    group = {"id": "ac", "title": "Access Control", "controls": list(controls)}
    return json.dumps({"catalog": {"uuid": UUID, "metadata": metadata, "groups": [group]}}).encode()


def profile(*ids: str, title: str = "Example Standard LOW IMPACT BASELINE") -> bytes:
    metadata = {"title": title, "last-modified": "2025-01-01T00:00:00Z", "version": "1.0", "oscal-version": "1.1.2"}
    imports = [{"href": "#catalog", "include-controls": [{"with-ids": list(ids)}]}]
    return json.dumps({"profile": {"uuid": UUID, "metadata": metadata, "imports": imports}}).encode()


def nzism(*paragraphs: tuple[str, str, str, str]) -> bytes:
    """paragraphs: number, CID, compliance, text."""
    inner = "".join(
        f'<paragraph title="{number}" classification="All Classifications" compliance="{said}" cid="{cid}">'
        f"<![CDATA[<p>{text}</p>]]></paragraph>\n"
        for number, cid, said, text in paragraphs
    )
    return (
        '<?xml version="1.0" encoding="UTF-8"?>\n<xml><chapter title="16. Access Control">'
        '<section title="16.1. Identification"><subsection title="Rationale &amp; Controls">'
        f'<block title="Passwords">{inner}</block></subsection></section></chapter></xml>'
    ).encode()


PACK = """\
Parameters:
  DeployEdgeRules: {Default: 'false', Type: String, AllowedValues: ['true', 'false']}
Conditions:
  IsEdge: !Equals [!Ref DeployEdgeRules, 'true']
Resources:
  Https:
    Controls: ['1847', '2090']
    Type: AWS::Config::ConfigRule
    Condition: IsEdge
    Properties:
      ConfigRuleName: alb-http-to-https-redirection-check
      InputParameters: {days: 30, strict: true}
      Description: "MUST 16.1.37.C.01[CID:1847], SHOULD 17.1.55.C.02[CID:2090]| Access Control/Passwords..."
      Source: {Owner: AWS, SourceIdentifier: ALB_HTTP_TO_HTTPS_REDIRECTION_CHECK}
  Awareness:
    Type: AWS::Config::ConfigRule
    Properties:
      ConfigRuleName: security-awareness-program-exists
      Source: {Owner: AWS, SourceIdentifier: AWS_CONFIG_PROCESS_CHECK}
  Mend:
    Type: AWS::Config::RemediationConfiguration
    DependsOn: Https
    Properties: {ConfigRuleName: !Ref Https, TargetId: AWS-PublishSNSNotification, TargetType: SSM_DOCUMENT}
"""

BOMB = 'a: &a ["x","x","x","x","x","x","x","x","x"]\n' + "".join(
    f"{chr(98 + n)}: &{chr(98 + n)} [{','.join(['*' + chr(97 + n)] * 9)}]\n" for n in range(9)
)


def workbook(*rows: list[Any]) -> bytes:
    book = openpyxl.Workbook()
    sheet = book.active
    assert sheet is not None
    sheet.title = "Requirements"
    for row in rows:
        sheet.append(row)
    held = io.BytesIO()
    book.save(held)
    return held.getvalue()
