"""Violations have the codes of OCPP-J 1.6; what chargers in the field do wrong all the time is let pass."""

from __future__ import annotations

import pytest

from ampguard.balancing.ocpp import rules, schema
from ampguard.balancing.ocpp.frame import ErrorCode

BOOT = {"chargePointVendor": "V", "chargePointModel": "M"}


@pytest.mark.parametrize(
    ("action", "payload", "code"),
    [
        ("BootNotification", {"chargePointVendor": "V"}, ErrorCode.PROTOCOL_ERROR),
        ("BootNotification", {**BOOT, "chargePointModel": 5}, ErrorCode.TYPE_CONSTRAINT_VIOLATION),
        ("StatusNotification", {"connectorId": 1, "errorCode": "NoError", "status": "Idle"},
         ErrorCode.PROPERTY_CONSTRAINT_VIOLATION),
        ("MeterValues", {"connectorId": 1, "meterValue": {}}, ErrorCode.TYPE_CONSTRAINT_VIOLATION),
    ],
)  # fmt: skip
def test_a_violation_has_the_code_of_the_standard(action: str, payload: dict[str, object], code: ErrorCode) -> None:
    found = schema.violation(action, payload)
    assert found is not None
    assert found.code is code


@pytest.mark.parametrize(
    ("action", "payload"),
    [
        ("BootNotification", {**BOOT, "colour": "red"}),
        ("BootNotification", {**BOOT, "chargePointModel": "a model with a very long name indeed"}),
        ("SetChargingProfile", {"connectorId": 1, "csChargingProfiles": {
            "chargingProfileId": 1, "stackLevel": 0, "chargingProfilePurpose": "TxDefaultProfile",
            "chargingProfileKind": "Absolute", "chargingSchedule": {
                "chargingRateUnit": "A", "chargingSchedulePeriod": [{"startPeriod": 0, "limit": 13.25}]}}}),
    ],
)  # fmt: skip
def test_what_makes_nothing_unusable_is_let_pass(action: str, payload: dict[str, object]) -> None:
    assert schema.violation(action, payload) is None


def test_there_is_a_schema_for_each_action_that_the_tables_name() -> None:
    for action in rules.STANDARD:
        schema.violation(action, {})
        schema.violation(action, {}, is_answer=True)


def test_nonsense_is_not_implemented_and_the_rest_of_the_standard_not_supported() -> None:
    assert rules.unknown("MakeCoffee") is ErrorCode.NOT_IMPLEMENTED
    assert rules.unknown("Reset") is ErrorCode.NOT_SUPPORTED


def test_the_tables_name_all_actions_of_the_standard_once() -> None:
    assert not set(rules.FROM_CHARGER) & set(rules.FROM_CLOUD) - {"DataTransfer"}
    assert len(rules.STANDARD) == 14 + 26 - 1
