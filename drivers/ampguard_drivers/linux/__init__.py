"""The buses of a Raspberry Pi: spidev, i2c-dev, GPIO."""
