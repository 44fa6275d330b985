"""What a connection hears of the other side, and who is told: a mapping of lanes to who takes their messages."""

from __future__ import annotations

from typing import TYPE_CHECKING

import paho.mqtt.client as paho
from paho.mqtt.enums import MQTTProtocolVersion
from paho.mqtt.subscribeoptions import SubscribeOptions

from ampguard.uplink import message
from ampguard.uplink.heard import Arrived

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from paho.mqtt.client import MQTTMessage


class Subscription:
    """Of one unit.

    Args:
        serial: the unit's.
        takers: by the lane that is subscribed to (`+` stands for one level) who takes what comes.
    """

    def __init__(self, serial: str, takers: Mapping[str, Callable[[Arrived], None]]) -> None:
        self._below = message.topic(serial, "")
        self._takers = {message.topic(serial, lane): taker for lane, taker in takers.items()}

    def begin(self, client: paho.Client) -> None:
        """Ask the broker for all of it."""
        if not self._takers:
            return
        if client.protocol == MQTTProtocolVersion.MQTTv5:
            # a command that is sent to be retained is known as such at once, not only at the next connection
            options = SubscribeOptions(qos=1, retainAsPublished=True)
            client.subscribe([(topic, options) for topic in self._takers])
        else:
            client.subscribe([(topic, 1) for topic in self._takers])

    def takes(self, met: MQTTMessage) -> tuple[Callable[[Arrived], None], Arrived] | None:
        """Who takes a message, and as what; None where nobody does."""
        try:
            topic = met.topic
        except UnicodeDecodeError:
            return None
        for wanted, taker in self._takers.items():
            if paho.topic_matches_sub(wanted, topic):
                return taker, self._arrived(met, topic)
        return None

    def _arrived(self, met: MQTTMessage, topic: str) -> Arrived:
        correlation_data: object = getattr(met.properties, "CorrelationData", None)
        response_topic: object = getattr(met.properties, "ResponseTopic", None)
        return Arrived(
            topic.removeprefix(self._below),
            bytes(met.payload),
            retained=bool(met.retain),
            correlation_data=correlation_data if isinstance(correlation_data, bytes) else None,
            response_topic=response_topic if isinstance(response_topic, str) else None,
        )
