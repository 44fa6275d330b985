"""The local management interface: pages for people, and the API below them for programs."""
