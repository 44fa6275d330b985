"""The Amp Guard appliance: what it measures, says, keeps and sends."""
