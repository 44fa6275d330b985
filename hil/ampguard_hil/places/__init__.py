"""Where a box stands that is checked: on this machine, in an emulator, or in a laboratory."""
