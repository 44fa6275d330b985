"""`python -m ampguard.services.balancer`."""

from __future__ import annotations

from ampguard.services.balancer.process import main

raise SystemExit(main())
