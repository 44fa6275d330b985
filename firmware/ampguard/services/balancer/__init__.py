"""`ampguard-balancer`: chargers share what the main fuse has left, cloud or no cloud."""
