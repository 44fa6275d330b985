"""One destination of the uplink: a cloud, over HTTPS; and how a unit enrols with one."""
