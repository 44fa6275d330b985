# The two commands: `make run` shows a working Amp Guard on simulated hardware, `make test` runs every check.
# Each does its whole set-up. `make help` lists the rest.

SHELL := /bin/bash
.SHELLFLAGS := -eu -o pipefail -c
.DEFAULT_GOAL := help

# The first Python that is new enough; say PYTHON=... for another one.
PYTHON ?= $(shell for p in python3 python3.13 python3.12 python3.11; do \
	$$p -c 'import sys; sys.exit(sys.version_info < (3, 11))' >/dev/null 2>&1 && { echo $$p; break; }; done)
VENV ?= .venv
BIN := $(VENV)/bin
SCENARIO ?= kettle
RUN_S ?=
PORT ?=
# One thread for linear algebra: the products are small, and the unit has better use for its other cores.
export OPENBLAS_NUM_THREADS := 1

AS_ROOT := $(shell [ "$$(id -u)" = 0 ] || command -v sudo || echo false)
APT := $(AS_ROOT) env DEBIAN_FRONTEND=noninteractive apt-get -qq

.PHONY: help
help:  ## this list
	@grep -hE '^[a-z-]+:.*## ' $(MAKEFILE_LIST) | sed -E 's/:[^#]*## /\t/' | column -t -s '	'

# ---------------------------------------------------------------- set-up

.PHONY: python
python:
	@[ -n "$(PYTHON)" ] || { echo "No Python 3.11 or newer found. On Debian: apt install python3 python3-venv" >&2; exit 1; }
	@$(PYTHON) -c 'import ensurepip, venv' 2>/dev/null || { $(APT) update; $(APT) install -y python3-venv; }

# One stamp for each set of extras; a changed pyproject.toml installs again.
$(VENV)/.has-%: pyproject.toml | python
	@[ -x $(BIN)/python ] || { echo "Making the environment in $(VENV) ..."; $(PYTHON) -m venv $(VENV); }
	@echo "Installing the Python packages for '$*' (a minute or two the first time) ..."
	@$(BIN)/python -m pip install --quiet --disable-pip-version-check -e '.[$*]' 2> >(grep -v '^WARNING: Location' >&2)
	@touch $@

# Mosquitto is the real broker; `make run` goes on with the embedded one where it cannot be had.
.PHONY: broker
broker:
	@PATH="$$PATH:/usr/sbin"; command -v mosquitto >/dev/null || { \
		[ "$$(id -u)" = 0 ] && command -v apt-get >/dev/null && echo "Installing Mosquitto ..." && \
		$(APT) update && $(APT) install -y mosquitto; } || true

# A message bus of the bench's own, with its logind and NetworkManager; `make run` goes on without where it cannot be had.
.PHONY: bus
bus:
	@command -v dbus-daemon >/dev/null || { \
		[ "$$(id -u)" = 0 ] && command -v apt-get >/dev/null && echo "Installing dbus-daemon ..." && \
		$(APT) update && $(APT) install -y dbus-daemon; } || true

# PostgreSQL is what `make kills` kills as well; it goes on with SQLite where it cannot be had.
.PHONY: database
database:
	@command -v pg_ctlcluster >/dev/null || command -v postgres >/dev/null || { \
		[ "$$(id -u)" = 0 ] && command -v apt-get >/dev/null && echo "Installing PostgreSQL ..." && \
		$(APT) update && $(APT) install -y postgresql; } || true

# Somebody else's OCPP charger, against which the unit's central system is tested.
OCPP_RPC = .run/ocpp-rpc

.PHONY: test-tools
test-tools: $(VENV)/.has-test
	@need=""; PATH="$$PATH:/usr/sbin"; \
	for pair in mosquitto:mosquitto cc:gcc tmux:tmux openssl:openssl pg_ctlcluster:postgresql nats-server:nats-server \
		haproxy:haproxy dnsmasq:dnsmasq-base faketime:faketime dbus-daemon:dbus-daemon mkfs.ext4:e2fsprogs rauc:rauc mksquashfs:squashfs-tools ip:iproute2 tc:iproute2 iptables:iptables chromium:chromium node:nodejs npm:npm; do command -v $${pair%%:*} >/dev/null || need="$$need $${pair##*:}"; done; \
	[ -d /usr/lib/python3/dist-packages/dbusmock ] || need="$$need python3-dbusmock"; \
	if [ -n "$$need" ]; then echo "Installing$$need ..."; $(APT) update; $(APT) install -y $$need; fi
	@[ -d $(OCPP_RPC)/node_modules/ocpp-rpc ] || npm install --silent --no-audit --no-fund --prefix $(OCPP_RPC) ocpp-rpc@2.2.1

# ---------------------------------------------------------------- the main job

.PHONY: run
run: $(VENV)/.has-bench broker bus  ## a working Amp Guard on simulated hardware (SCENARIO=name, RUN_S=30, PORT=1883)
	@exec $(BIN)/python -m ampguard_hil run --scenario $(SCENARIO) $(if $(RUN_S),--run-s $(RUN_S)) $(if $(PORT),--port $(PORT))

.PHONY: scenarios
scenarios: $(VENV)/.has-bench  ## the stories that `make run` can tell
	@$(BIN)/python -m ampguard_hil run --list

# ---------------------------------------------------------------- checks

# An emulated computer and what builds a bare Debian for it.
.PHONY: qemu-tools
qemu-tools: test-tools
	@need=""; for pair in qemu-system-x86_64:qemu-system-x86 mmdebstrap:mmdebstrap mke2fs:e2fsprogs; do \
		command -v $${pair%%:*} >/dev/null || need="$$need $${pair##*:}"; done; \
	if [ -n "$$need" ]; then echo "Installing$$need ..."; $(APT) update; $(APT) install -y --no-install-recommends $$need; fi

.PHONY: test
test: lint types layers pytest checks wheel  ## every check (about 28 minutes on two cores)

.PHONY: lint
lint: test-tools  ## style and conventions
	$(BIN)/ruff format --check .
	$(BIN)/ruff check .

.PHONY: types
types: test-tools  ## mypy strict and pyright strict
	$(BIN)/mypy firmware drivers hil & one=$$!; $(BIN)/pyright --pythonpath $(BIN)/python; wait $$one

.PHONY: layers
layers: test-tools  ## who may import whom
	$(BIN)/lint-imports

# most of them wait for something, so that four files keep two cores busy; of units that run in real time three
AT_ONCE = -q -n 4 --dist loadfile
# Clocks, brokers and chargers of the tests are real, and others keep the machine busy: what failed beside them is tried once
# more, alone, and told in either case. `$(call tried,PYTEST,NAME,HOW,WHICH)`
tried = { $(1) -o cache_dir=.run/tried-$(2) $(3) $(4) || { \
	echo "== FAILED BESIDE OTHERS, see above. Again, alone:"; \
	$(1) -o cache_dir=.run/tried-$(2) -q --last-failed --last-failed-no-failures none $(4); }; }

.PHONY: pytest
pytest: test-tools nspawn-root  ## the tests, on this Python; then whole processes, and in the time that they leave the second Python
	@mkdir -p .run
	@$(call tried,$(BIN)/pytest,each,$(AT_ONCE),-m "not system and not full")
	@echo "Tests with whole processes (a quarter of an hour); beside them, in .run/other.log, the second Python"
	@$(MAKE) --no-print-directory pytest-other >.run/other.log 2>&1 & other=$$!; \
	one=0; $(call tried,$(BIN)/pytest,whole,-q -n 3 --dist loadfile --durations 20,-m "system and not full" --ignore tests/system/test_torture.py) || one=$$?; \
	two=0; wait $$other || two=$$?; cat .run/other.log; exit $$((one + two))

.PHONY: checks
checks: test-tools  ## the bench's short checks on the simulated box and a short storm, alone on the machine: their clocks are real
	$(BIN)/pytest -q hil/checks tests/system/test_torture.py --bench simulated

# The other supported Python, where the machine has it: the unit's is 3.13 (Debian 13), Debian 12 has 3.11.
OTHER = $(shell this=$$($(BIN)/python -c 'import sys; print(sys.version_info[1])'); \
	for v in 13 11; do [ $$v = $$this ] && continue; for p in python3.$$v $$HOME/.pyenv/versions/3.$$v.*/bin/python3; do \
	$$p -c 'import venv' >/dev/null 2>&1 && { echo $$p; exit; }; done; done)

.PHONY: pytest-other
pytest-other: test-tools  ## the unit's tests without whole processes on the other supported Python; the bench's, the cloud's, those in a browser and those that read the source are left out
	@if [ -z "$(OTHER)" ]; then echo "NOT CHECKED on a second Python: neither 3.11 nor 3.13 found besides $$($(BIN)/python -V)"; \
	else $(MAKE) --no-print-directory $(VENV)-other/.has-test VENV=$(VENV)-other PYTHON=$(OTHER) && \
	export AMPGUARD_FEW_EXAMPLES=1; $(call tried,chrt --idle 0 $(VENV)-other/bin/pytest,other,$(AT_ONCE),-m "not system and not full" --ignore tests/ampguard_hil --ignore tests/conventions --ignore-glob '*_page.py'); fi

.PHONY: wheel
wheel: test-tools  ## the built wheel in an environment of its own, not the tree
	rm -rf build dist && $(BIN)/python -m build --wheel --outdir dist . >/dev/null
	rm -rf $(VENV)-wheel && $(BIN)/python -m venv $(VENV)-wheel
	$(VENV)-wheel/bin/python -m pip install --quiet --disable-pip-version-check dist/*.whl 2>/dev/null
	cd / && $(CURDIR)/$(VENV)-wheel/bin/ampguard --version
	cd / && $(CURDIR)/$(VENV)-wheel/bin/python -c 'import ampguard.services.meter, ampguard_drivers.boardfile as b; b.load(None)'
	cd / && $(CURDIR)/$(VENV)-wheel/bin/ampguard-web --help >/dev/null
	cd / && $(CURDIR)/$(VENV)-wheel/bin/python -c 'from ampguard.web import words as w; from ampguard.web.pages import frame as f; f._TEMPLATES.get_template("status.html"); [w.words(l) for l in w.LANGUAGES]'
	cd / && ! $(CURDIR)/$(VENV)-wheel/bin/python -c 'import ampguard_hil' 2>/dev/null

.PHONY: schema
schema: $(VENV)/.has-bench  ## the published wire schema with its examples and the cloud's OpenAPI document, made from the types
	$(BIN)/python -m ampguard.uplink.documents.schema
	$(BIN)/python -m ampguard_hil.cloud.api_schema

KILLS ?= 300
SEED ?=
STORE ?=
.PHONY: kills
kills: $(VENV)/.has-bench broker database  ## kill -9 whatever runs, PostgreSQL too: the cloud must lose nothing and explain each gap (KILLS=300, SEED=1, STORE=sqlite)
	@$(BIN)/python -m ampguard_hil.campaign --kills $(KILLS) $(if $(SEED),--seed $(SEED)) $(if $(STORE),--store $(STORE))

.PHONY: bench-checks
bench-checks: test-tools  ## all checks of the bench on the simulated box, and that they can fail (alone on the machine; half an hour)
	$(BIN)/pytest -q -m full tests --ignore-glob 'tests/system/test_image*'
	$(BIN)/pytest -q hil/checks --bench simulated --full

.run/qemu/factory.img: hil/bare-guest | qemu-tools
	@echo "Building a bare Debian for QEMU (a minute or two) ..."; $(AS_ROOT) hil/bare-guest .run/qemu

.PHONY: bench-qemu
bench-qemu: .run/qemu/factory.img  ## what a bare Debian in QEMU can be judged by (three minutes without KVM)
	$(BIN)/pytest -q hil/checks --bench qemu

# Debian with the units in a container: what builds it, what boots it, and its layers (the base is kept until its recipe changes).
.PHONY: container-tools
container-tools: test-tools
	@need=""; for pair in mmdebstrap:mmdebstrap systemd-nspawn:systemd-container; do \
		command -v $${pair%%:*} >/dev/null || need="$$need $${pair##*:}"; done; \
	if [ -n "$$need" ]; then echo "Installing$$need ..."; $(APT) update; $(APT) install -y --no-install-recommends $$need; fi

SUITE ?= trixie
.run/nspawn/made: pyproject.toml $(shell find firmware drivers systemd image -type f -not -name '*.pyc') | container-tools
	@rm -rf .run/nspawn/wheel && $(BIN)/python -m build --wheel --outdir .run/nspawn/wheel . >/dev/null
	@$(AS_ROOT) image/layers $(SUITE) amd64 .run/nspawn .run/nspawn/wheel/*.whl $(BIN)/pip image/nspawn 2> >(grep -v '^WARNING: Location' >&2)
	@touch $@

.PHONY: nspawn-root
nspawn-root: .run/nspawn/made  ## Debian with the units, to be booted in a container (root; MIRROR=...; two minutes the first time)

.PHONY: units
units: nspawn-root  ## the units: verified, judged, and booted in a container (root)
	$(BIN)/pytest -q tests/system/test_units.py tests/system/test_nspawn.py

# The card: the same layers for a Raspberry Pi's processor, packed and laid out; then booted in QEMU.
.PHONY: image-tools
image-tools: container-tools
	@need=""; PATH="$$PATH:/usr/sbin"; for pair in qemu-system-aarch64:qemu-system-arm qemu-aarch64-static:qemu-user-static \
		arch-test:arch-test mksquashfs:squashfs-tools mke2fs:e2fsprogs sfdisk:fdisk cpio:cpio mkfs.vfat:dosfstools \
		mcopy:mtools rauc:rauc dtc:device-tree-compiler mkimage:u-boot-tools aarch64-linux-gnu-gcc:gcc-aarch64-linux-gnu; do \
		command -v $${pair%%:*} >/dev/null || need="$$need $${pair##*:}"; done; \
	[ -e /usr/lib/u-boot/qemu_arm64/u-boot.bin ] || need="$$need u-boot-qemu"; \
	[ -e /usr/aarch64-linux-gnu/lib/libc.a ] || need="$$need libc6-dev-arm64-cross"; \
	if [ -n "$$need" ]; then echo "Installing$$need ..."; $(APT) update; $(APT) install -y --no-install-recommends $$need; fi
	@$(AS_ROOT) image/qemu-user

# What is made of the same sources is the same: this is the only time that goes into it.
EPOCH = $(shell git log -1 --format=%ct 2>/dev/null || stat --format=%Y pyproject.toml)
# What units with this image take updates from, and what `make update` signs with. An owner's own lie elsewhere (README).
KEYS = .run/keys
KEYRING ?= $(KEYS)/keyring.pem
SIGN_CERTIFICATE ?= $(KEYS)/update.crt
SIGN_KEY ?= $(KEYS)/update.key
$(KEYS)/%:
	@image/keys $(KEYS)

CARD = $(AS_ROOT) env PATH="$$PATH:/usr/sbin" SOURCE_DATE_EPOCH=$(EPOCH) KEYRING=$(KEYRING)
.run/image/card.img: .run/nspawn/made $(KEYRING) | image-tools
	@rm -f $@; $(CARD) image/card-root $(SUITE) .run/image .run/nspawn $(BIN)/pip 2> >(grep -v '^WARNING: Location' >&2)

# The same Debian without a unit, for comparison.
.run/image/bare/card.img: .run/image/card.img
	@$(CARD) image/card-image .run/image/debian .run/image/bare

.PHONY: image
image: .run/image/card.img  ## the card of a Raspberry Pi: .run/image/card.img (root; MIRROR=...; a quarter of an hour the first time)
	@ls -lsh .run/image/card.img .run/image/root.squashfs

.PHONY: update
update: image $(SIGN_CERTIFICATE) $(SIGN_KEY)  ## a signed update of the card's image: .run/image/update.raucb (SIGN_CERTIFICATE=..., SIGN_KEY=...)
	@$(CARD) image/update .run/image .run/image/update.raucb $(SIGN_CERTIFICATE) $(SIGN_KEY)

.PHONY: image-twice
image-twice: image  ## a second card from nothing: the same bytes (half an hour)
	@rm -rf .run/image-again
	@$(CARD) image/card-root $(SUITE) .run/image-again .run/nspawn $(BIN)/pip 2> >(grep -v '^WARNING: Location' >&2)
	@sha256sum .run/image/{card.img,sbom.cdx.json} .run/image-again/{card.img,sbom.cdx.json}
	@cmp .run/image/card.img .run/image-again/card.img && cmp .run/image/sbom.cdx.json .run/image-again/sbom.cdx.json

.PHONY: image-test
image-test: image .run/image/bare/card.img  ## the card booted in QEMU: all services, figures beside those of a bare Debian (a quarter of an hour)
	$(BIN)/pytest -q -s tests/system/test_image.py tests/system/test_image_wifi.py

.PHONY: image-cuts
image-cuts: image  ## the card in QEMU, whose power is cut again and again: nothing lost that was given away (CUTS=30, SEED=1; an hour)
	CUTS=$(or $(CUTS),30) SEED=$(or $(SEED),1) $(BIN)/pytest -q -s tests/system/test_image_cuts.py

.PHONY: image-update
image-update: image  ## updates of the card in QEMU with U-Boot and RAUC: kept, refused, taken back, power cut (half an hour)
	$(BIN)/pytest -q -s tests/system/test_image_update.py

.PHONY: pins
pins: $(VENV)/.has-test  ## pins the unit's Python packages anew (image/wheels.txt)
	image/lock $(BIN)/pip 2> >(grep -v '^WARNING: Location' >&2)

FAULTS ?= 60
UNITS ?= 1
ONLY ?=
.PHONY: torture
torture: test-tools  ## a storm of faults on whole units, judged after each one (FAULTS=60, SEED=1, UNITS=3, ONLY=kill,power-cut; MINUTES=10); wants root
	@$(AS_ROOT) $(BIN)/python -m ampguard_hil.torture --faults $(FAULTS) --units $(UNITS) $(if $(SEED),--seed $(SEED)) \
		$(if $(ONLY),--only $(ONLY)) $(if $(MINUTES),--minutes $(MINUTES)) $(if $(REPORT),--report $(REPORT))

.PHONY: faults
faults: test-tools  ## network faults (black holes, loss, portals, wrong certificates), killed servers of a cluster, a short campaign of kills
	$(BIN)/pytest $(AT_ONCE) tests/system/test_network_faults.py tests/system/test_nats.py tests/system/test_campaign.py

.PHONY: chargers
chargers: test-tools  ## a charger stepped to see its phases; a group that a cloud sets up and leads; the page Charging (seven minutes)
	$(BIN)/pytest -q tests/system/test_stimulus.py tests/system/test_cloud_groups.py tests/system/test_balancing_page.py

# ---------------------------------------------------------------- figures

.PHONY: bench
bench: $(VENV)/.has-benchmark test-tools  ## accuracy, speed against pqopen-lib, the meter process, end to end
	@for name in speed accuracy end_to_end simulation recordings meter_process ingest backlog web history; do \
	echo; echo "== $$name"; $(BIN)/python -m tests.benchmarks.$$name; done

HOURS ?= 24
.PHONY: soak
soak: $(VENV)/.has-benchmark test-tools  ## a day of the meter in virtual time: gaps, memory, descriptors (HOURS=24; about an hour)
	@$(BIN)/python -m tests.benchmarks.soak $(HOURS)

LIGHTHOUSE = .run/lighthouse/node_modules/.bin/lighthouse
.PHONY: lighthouse
lighthouse: $(VENV)/.has-benchmark test-tools  ## what Google's Lighthouse says of the unit's page on a throttled phone and on a desk (npm brings it)
	@command -v npm >/dev/null || { $(APT) update; $(APT) install -y npm; }
	@[ -x $(LIGHTHOUSE) ] || npm install --silent --no-audit --no-fund --prefix .run/lighthouse lighthouse@12
	@$(BIN)/python -m tests.benchmarks.lighthouse $(LIGHTHOUSE)

.PHONY: clean
clean:  ## remove what the commands made
	rm -rf $(VENV) $(VENV)-other $(VENV)-wheel build dist .run .pytest_cache .mypy_cache .ruff_cache .hypothesis .import_linter_cache
