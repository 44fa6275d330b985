"""A model of the Analog Devices ADE9000 at its bus, from the data sheet (Rev. B, June 2025) alone."""
