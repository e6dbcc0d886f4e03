"""Configuration recorders: is anything being recorded at all?"""

from __future__ import annotations

from typing import Any

from sandbox.calls import Call, handles
from sandbox.paging import page
from sandbox.protocol import AwsError
from sandbox.world import stamp

_NAME = "default"


def _asked_for(call: Call) -> bool:
    """Whether the default recorder is among those asked for. Raises AwsError for an unknown name."""
    names = call.params.get("ConfigurationRecorderNames") or [_NAME]
    for name in names:
        if name != _NAME:
            raise AwsError(
                "NoSuchConfigurationRecorderException",
                f"Cannot find configuration recorder with the specified name '{name}'.",
            )
    return call.params.get("ServicePrincipal") is None and call.params.get("Arn") in (None, _arn(call))


def _arn(call: Call) -> str:
    return f"arn:aws:config:{call.region}:{call.account}:configuration-recorder/{_NAME}/{call.account[:8]}"


@handles("config", "DescribeConfigurationRecorders")
def describe_configuration_recorders(call: Call) -> dict[str, Any]:
    if not _asked_for(call):
        return {"ConfigurationRecorders": []}
    role = f"arn:aws:iam::{call.account}:role/aws-service-role/config.amazonaws.com/AWSServiceRoleForConfig"
    return {
        "ConfigurationRecorders": [
            {
                "arn": _arn(call),
                "name": _NAME,
                "roleARN": role,
                "recordingScope": "PAID",
                "recordingGroup": {
                    "allSupported": True,
                    "includeGlobalResourceTypes": call.place.home,
                    "resourceTypes": [],
                    "recordingStrategy": {"useOnly": "ALL_SUPPORTED_RESOURCE_TYPES"},
                },
                "recordingMode": {"recordingFrequency": "CONTINUOUS"},
            }
        ]
    }


@handles("config", "DescribeConfigurationRecorderStatus")
def describe_configuration_recorder_status(call: Call) -> dict[str, Any]:
    if not _asked_for(call):
        return {"ConfigurationRecordersStatus": []}
    stopped = call.place.recorder_stopped
    status: dict[str, Any] = {
        "arn": _arn(call),
        "name": _NAME,
        "recording": stopped is None,
        "lastStatus": "Success",
        "lastStartTime": stamp(call.world.accounts[call.account].joined),
        "lastStatusChangeTime": stamp(call.now if stopped is None else stopped),
    }
    if stopped is not None:
        status["lastStopTime"] = stamp(stopped)
    return {"ConfigurationRecordersStatus": [status]}


@handles("config", "DescribeRetentionConfigurations")
def describe_retention_configurations(call: Call) -> dict[str, Any]:
    names = call.params.get("RetentionConfigurationNames") or [_NAME]
    if names != [_NAME]:
        raise AwsError(
            "NoSuchRetentionConfigurationException",
            f"Cannot find retention configuration with the specified name '{names[0]}'.",
        )
    shown, more = page(call, [{"Name": _NAME, "RetentionPeriodInDays": 2557}], size=20)
    return {"RetentionConfigurations": shown, **more}
