# make demo   installs what is missing, builds, and renders a music video of the example track
# make test   installs what is missing and runs every test
# make setup  installs the system packages that the build needs
#
# make test-studio   drives the studio's page in a browser; make setup-studio installs what that needs

CARGO ?= cargo
TRACK := examples/first-light.m4a

.PHONY: demo test test-studio lint setup setup-studio track clean

demo: setup
	$(CARGO) build --release
	$(CARGO) run --release --quiet -- render $(TRACK) --output demo.mp4 --fresh

test: setup
	$(CARGO) test --release

test-studio: setup setup-studio
	$(CARGO) build --release
	cd tests/studio && node --test

lint:
	$(CARGO) fmt --check
	$(CARGO) clippy --release --all-targets -- -D warnings
	RUSTDOCFLAGS="-D warnings" $(CARGO) doc --release --no-deps --document-private-items

setup:
	@sh ./setup.sh

setup-studio:
	@sh tests/studio/setup.sh

clean:
	$(CARGO) clean
