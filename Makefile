# make demo   installs what is missing, builds, and renders a music video of the example track
# make test   installs what is missing and runs every test
# make setup  installs the system packages that the build needs
# make gallery  renders the README's pictures: a bar of the example track with every preset
# make looks  draws the pictures of docs/looks.md: one scene under every effect
#
# make dist     builds target/dist: a .deb and a .tar.gz that brings its libraries along
# make layers   draws a picture of every kind of layer into docs/layers
#
# make check-cuda    compiles and lints the code for CUDA, without a GPU: fetches nvcc, takes long, is no part of the tests
# make bench-peers   speed and memory beside diffusers with full-size models, in one run: an hour on a machine that does nothing else
# make fixtures      makes the fixtures of the tests anew in a virtual environment of Python; make check-fixtures compares them
# make test-studio   drives the studio's page in a browser; make setup-studio installs what that needs; make studio-pictures makes the README's

CARGO ?= cargo
TRACK := examples/first-light.m4a

.PHONY: demo dist gallery looks layers test test-studio studio-pictures lint check-cuda bench-peers fixtures check-fixtures setup setup-studio track clean

demo: setup
	$(CARGO) build --release
	$(CARGO) run --release --quiet -- render $(TRACK) --output demo.mp4 --fresh --overwrite

PRESETS := $(notdir $(basename $(wildcard presets/*.toml)))

gallery: setup
	$(CARGO) build --release
	mkdir -p gallery target/gallery
	for preset in $(PRESETS); do \
	  $(CARGO) run --release --quiet -- render $(TRACK) --preset $$preset --start 17.42 --end 19.36 \
	    --output target/gallery/$$preset.mp4 --fresh --overwrite && \
	  ffmpeg -nostdin -v error -y -i target/gallery/$$preset.mp4 -an -vf scale=400:-1:flags=lanczos \
	    -c:v libwebp_anim -quality 82 -compression_level 6 -loop 0 gallery/$$preset.webp || exit 1; \
	done

dist: setup
	$(CARGO) build --release
	packaging/dist

looks: setup
	$(CARGO) run --release --quiet --example looks -- docs/looks

layers: setup
	mkdir -p target/layers docs/layers
	$(CARGO) run --release --quiet --example layers -- $(TRACK) target/layers
	for picture in target/layers/*.ppm; do \
	  ffmpeg -nostdin -v error -y -i $$picture -c:v libwebp -quality 78 docs/layers/$$(basename $$picture .ppm).webp || exit 1; \
	done

test: setup
	$(CARGO) test --release

test-studio: setup setup-studio
	$(CARGO) build --release
	cd tests/studio && node --test

studio-pictures: setup setup-studio
	$(CARGO) build --release
	cd tests/studio && node pictures.js

lint:
	$(CARGO) fmt --check
	$(CARGO) clippy --release --all-targets -- -D warnings
	RUSTDOCFLAGS="-D warnings" $(CARGO) doc --release --no-deps --document-private-items

target/peers: tests/peers/requirements.txt
	python3 -m venv target/peers
	target/peers/bin/pip install --quiet -r tests/peers/requirements.txt
	touch target/peers

bench-peers: setup target/peers
	$(CARGO) build --release
	target/peers/bin/python tests/peers/run.py target/full_size

check-cuda: setup
	.ci/check-cuda

FIXTURES := target/fixtures/bin/python tests/fixtures/make.py

target/fixtures: tests/fixtures/requirements.txt
	python3 -m venv target/fixtures
	target/fixtures/bin/pip install --quiet -r tests/fixtures/requirements.txt
	touch target/fixtures

fixtures: target/fixtures
	$(FIXTURES)

check-fixtures: target/fixtures
	$(FIXTURES) --check

setup:
	@sh ./setup.sh

setup-studio:
	@sh tests/studio/setup.sh

clean:
	$(CARGO) clean
