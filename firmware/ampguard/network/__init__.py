"""The unit's way onto a network: joining Wi-Fi, its own access point, the cable, all through NetworkManager."""
