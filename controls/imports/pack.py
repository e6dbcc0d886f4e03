"""AWS Config conformance pack templates."""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Any

from django.utils.translation import gettext as _

from controls.imports import template
from controls.imports.refusals import Problem, Refused, refused
from controls.imports.shapes import ReadPack, ReadRule

RULE = {"AWS::Config::ConfigRule", "AWS::Config::OrganizationConfigRule"}
REMEDIATION = "AWS::Config::RemediationConfiguration"
OWNERS = {"AWS", "CUSTOM_LAMBDA", "CUSTOM_POLICY"}
STATED = re.compile(r"(MUST NOT|SHOULD NOT|MUST|SHOULD) ([\w.-]+?)\.?\s*\[CID:\s*(\d+)\]")
"""How AWS names NZISM's controls in a description: MUST 16.1.37.C.01[CID:1847]."""


def read(text: str) -> ReadPack:
    """Raises Refused with the line of each problem."""
    document = template.read(text)
    resources = document.get("Resources") if isinstance(document, dict) else None
    if not isinstance(resources, dict) or not resources:
        raise refused(_("The template has no Resources."), _("line 1"))
    problems: list[Problem] = []
    rules: list[ReadRule] = []
    remediations: list[dict[str, Any]] = []
    for logical_id, resource in resources.items():
        wrong = _wrong(resource)
        if wrong:
            problems.append(Problem(template.line_of(text, "Resources", logical_id), wrong))
        elif resource["Type"] in RULE:
            rules.append(_rule(logical_id, resource))
        else:
            remediations.append(_remediation(logical_id, resource["Properties"]))
    if not rules and not problems:
        problems.append(Problem(template.line_of(text, "Resources"), _("The template has no Config rule.")))
    if problems:
        raise Refused(*problems)
    return ReadPack(
        parameters=[_parameter(name, told) for name, told in _mapping(document.get("Parameters")).items()],
        conditions=_mapping(document.get("Conditions")),
        rules=rules,
        remediations=remediations,
        key_word="CID" if any(rule.states for rule in rules) else "",
    )


def _wrong(resource: Any) -> str:
    """What keeps a resource from being read, empty for nothing."""
    if not isinstance(resource, dict) or not isinstance(resource.get("Properties"), dict):
        return _("The resource has no Properties.")
    kind, properties = resource.get("Type"), resource["Properties"]
    if kind == REMEDIATION:
        return "" if properties.get("ConfigRuleName") else _("The remediation names no rule.")
    if kind not in RULE:
        return _("A resource of the type %(kind)s does not belong into a conformance pack.") % {"kind": kind}
    source = properties.get("Source")
    if not isinstance(source, dict) or source.get("Owner") not in OWNERS:
        return _("The rule's Source has no Owner of %(owners)s.") % {"owners": ", ".join(sorted(OWNERS))}
    if source["Owner"] == "AWS" and not isinstance(source.get("SourceIdentifier"), str):
        return _("A managed rule needs a SourceIdentifier.")
    if not isinstance(resource.get("Controls", []), list):
        return _("Controls is no list.")
    return ""


def _rule(logical_id: str, resource: dict[str, Any]) -> ReadRule:
    properties = resource["Properties"]
    source = properties["Source"]
    managed = source["Owner"] == "AWS"
    description = str(properties.get("Description") or resource.get("Description") or "")
    inputs = _mapping(properties.get("InputParameters"))
    if not managed and "SourceIdentifier" in source:
        inputs = {**inputs, "SourceIdentifier": source["SourceIdentifier"]}
    return ReadRule(
        logical_id=logical_id,
        name=_name(properties.get("ConfigRuleName"), logical_id),
        owner=source["Owner"],
        identifier=source["SourceIdentifier"].strip().upper() if managed else "",
        condition=str(resource.get("Condition") or ""),
        inputs={name: _text(value) for name, value in inputs.items()},
        resource_types=[str(one) for one in _mapping(properties.get("Scope")).get("ComplianceResourceTypes") or []],
        frequency=str(properties.get("MaximumExecutionFrequency") or ""),
        description=description,
        controls=[str(one) for one in resource.get("Controls", [])],
        states=[
            {"key": key, "label": label, "obligation": said.lower().replace(" ", "_")}
            for said, label, key in STATED.findall(description)
        ],
        policy=str(_mapping(source.get("CustomPolicyDetails")).get("PolicyText") or ""),
    )


def _name(said: Any, logical_id: str) -> str:
    return said if isinstance(said, str) and said else logical_id


def _text(value: Any) -> Any:
    """As Config takes it: YAML's true and 90 are "true" and "90"; an expression stays one."""
    if isinstance(value, bool):
        return str(value).lower()
    return str(value) if isinstance(value, (int, float)) else value


def _mapping(value: Any) -> dict[str, Any]:
    return value if isinstance(value, dict) else {}


def _parameter(name: str, told: Any) -> dict[str, Any]:
    said: Mapping[str, Any] = _mapping(told)
    return {
        "name": name,
        "type": str(said.get("Type", "")),
        "default": _text(said.get("Default")),
        "description": str(said.get("Description", "")),
        "allowed": [_text(one) for one in said.get("AllowedValues") or []],
    }


def _remediation(logical_id: str, properties: dict[str, Any]) -> dict[str, Any]:
    named = properties["ConfigRuleName"]
    return {
        "logical_id": logical_id,
        "rule": named if isinstance(named, str) else _mapping(named).get("Ref", ""),
        "target": _text(properties.get("TargetId")),
        "automatic": _text(properties.get("Automatic", "false")) == "true",
        "properties": properties,
    }
