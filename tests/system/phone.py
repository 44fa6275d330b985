"""A phone on the unit's access point, as a program in the guest: it is led to the unit's page and signs in.

`phone.py PIN [NETWORK PASSWORD]`: says as JSON what it met, and what became of joining that network.
"""

from __future__ import annotations

import json
import sys
import time
from typing import Any

import httpx

PAGE = "http://192.168.251.1"
ANSWER_S, PATIENCE_S, LOOK_S = 60.0, 180.0, 0.5
UNDER_WAY = {"leaving", "associating", "addressing", "checking", "keeping", "restoring"}


def main() -> None:
    pin, *wanted = sys.argv[1:]
    with httpx.Client(base_url=PAGE, timeout=ANSWER_S) as phone:
        probe = phone.get("/generate_204", headers={"Host": "connectivitycheck.gstatic.com"})
        page = phone.get("/sign-in", headers={"Accept-Language": "en"})
        signed_in = phone.post("/api/v1/session", json={"pin": pin})
        met = {
            "probe": [probe.status_code, probe.headers.get("Location")],
            "page": [page.status_code, "PIN" in page.text],
            "signed_in": signed_in.status_code,
            "air": [one["ssid"] for one in phone.get("/api/v1/network/networks").json()["networks"]],
        }
        if wanted:
            csrf = {"X-CSRF-Token": signed_in.json()["csrf"]}
            body = dict(zip(("ssid", "password"), wanted, strict=True))
            met["asked"] = phone.post("/api/v1/network/join", json=body, headers=csrf).status_code
            time.sleep(2 * LOOK_S)
        met["network"] = settled(phone)
    print(json.dumps(met))  # noqa: T201 - what it is for


def settled(phone: httpx.Client) -> dict[str, Any]:
    """The unit's network when joining is over; the phone may be thrown off meanwhile."""
    end_s = time.monotonic() + PATIENCE_S
    network: dict[str, Any] = {}
    while time.monotonic() < end_s:
        try:
            network = phone.get("/api/v1/network").json()
        except httpx.TransportError:
            pass
        else:
            if network["join"] not in UNDER_WAY:
                break
        time.sleep(LOOK_S)
    return network


main()
