"""Analog Devices ADE9000 metering IC (data sheet Rev. B, June 2025)."""
