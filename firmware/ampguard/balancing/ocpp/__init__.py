"""Chargers over OCPP 1.6J: a central system on the LAN that limits them and passes all else on to their cloud."""
