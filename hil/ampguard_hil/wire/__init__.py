"""The simulated board behind device files: real libraries, unmodified, without the hardware."""
