"""24C32-class I2C EEPROM: identity and calibration of the unit."""
