"""Who listens at a bench's broker, and says of what has come that it is there for good, as a cloud does.

A unit to which nobody says so begins with the oldest again and again: what it measured after a restart would not come.
"""

from __future__ import annotations

import json
from typing import TYPE_CHECKING

from ampguard import block
from ampguard.uplink import message
from ampguard_hil.listener import Recorder

if TYPE_CHECKING:
    import paho.mqtt.client as paho
    from paho.mqtt.client import MQTTMessage


class Committing(Recorder):
    """See `Recorder`."""

    def _arrived(self, client: paho.Client, userdata: object, arrived: MQTTMessage) -> None:
        super()._arrived(client, userdata, arrived)
        _, serial, lane = arrived.topic.split("/")
        match lane:
            case "records":
                readings = block.decoded(bytes(arrived.payload))
                boot, first, last = readings[0]["boot"], readings[0]["sequence"], readings[-1]["sequence"]
                said = message.acknowledged(str(boot), int(str(first)), int(str(last)))
            case "event":
                body = json.loads(arrived.payload)
                said = message.acknowledged_event(body["boot"], body["sequence"])
            case _:
                return
        client.publish(message.topic(serial, "acknowledged"), said, qos=1)
