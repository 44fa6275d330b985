"""One destination of the uplink: a broker, over MQTT."""
