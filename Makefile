# make demo: environment, build, one estimate of real data with its plot. make test: the whole test suite.
# make release-check: what a release must pass.
# make test-minimum: the quick part of it with the lowest release of everything that pyproject.toml allows.
# JOBS: processes of the tests.
# TORCH names what pip installs as PyTorch; any build from 2.4 on will do, e.g. make demo TORCH="torch==2.13.0+cpu".
PYTHON ?= python3
TORCH ?= torch==2.13.0
VENV ?= .venv
JOBS ?= 2
# Modules are compiled as they are imported, not the 12,000 of all packages: a third of them is ever used. The setting
# of a container that writes no compiled modules would have each process compile them again.
export PYTHONDONTWRITEBYTECODE :=
BIN := $(VENV)/bin
PIP := $(BIN)/python -m pip --disable-pip-version-check
SOURCES := pyproject.toml CMakeLists.txt $(shell find csrc -type f)
CXX_SOURCES := $(filter %.h %.cpp %.inl %.cu, $(SOURCES))

# Of the lowest releases: their environment, and PyTorch where the lowest declared one cannot be had (2.9 GB on Linux).
RELEASE ?= .venv-release
MINIMUM ?= .venv-minimum
TORCH_MINIMUM ?=
# The quick part of the tests: every dependency is used in it, and no test trains for long.
QUICK := tests/test_layers.py tests/test_packaging.py tests/tools tests/docs/test_plugins_page.py tests/registry/data \
  tests/registry/estimation $(wildcard tests/registry/test_*.py) tests/registry/benchmark/test_runner.py \
  tests/registry/bounds/test_checkpoint.py tests/registry/diffusion/test_proposals.py \
  $(addprefix tests/registry/core/test_,network.py ops.py plan.py proposal.py) \
  $(addprefix tests/cli/test_,bad_input.py estimate.py main.py output.py plot.py sample.py startup.py) \
  tests/plugins/test_baselines.py

.PHONY: demo test test-minimum lint format docs bench cuda-report release-check clean

demo: $(VENV)/.demo
	$(BIN)/mmg estimate --plugin orthogonal-adaptive benchmarks/data/nuclei.csv \
	  --x mean_radius,mean_texture,mean_smoothness --y worst_radius,worst_texture,worst_smoothness \
	  --cross-fit 5 --seed 0 --plot demo.png -o demo.json
	@echo "The two MMSE curves and the area between them: demo.png; the whole result: demo.json"

test: $(VENV)/.test
	$(BIN)/python -m pytest --doctest-modules mmg_registry plugins/mmg_plugins cli/mmg_cli
	$(BIN)/python -m pytest -n $(JOBS) --dist loadfile tests

# CMake and the build's requirements are of the lowest releases too, hence no build isolation.
test-minimum:
	$(PYTHON) -m venv $(MINIMUM)
	$(PYTHON) tools/minimum.py $(if $(TORCH_MINIMUM),--instead torch==$(TORCH_MINIMUM)) > $(MINIMUM)/pins.txt
	$(MINIMUM)/bin/python -m pip install -q -r $(MINIMUM)/pins.txt
	PATH="$(abspath $(MINIMUM))/bin:$$PATH" $(MINIMUM)/bin/python -m pip install -q --no-build-isolation --no-deps \
	  -e . -C cmake.define.MMG_CUDA=OFF -C build-dir=build/minimum
	$(MINIMUM)/bin/python -m pip check
	$(MINIMUM)/bin/python -m pytest $(QUICK)

lint: $(VENV)/.test
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .
	$(BIN)/mypy
	$(BIN)/clang-format --dry-run --Werror $(CXX_SOURCES)

# The formatting that lint asks for.
format: $(VENV)/.test
	$(BIN)/ruff format .
	$(BIN)/clang-format -i $(CXX_SOURCES)

# The site in build/site, from the sources alone; a broken link or any other warning ends it.
docs:
	$(PYTHON) -m venv $(VENV)-docs
	$(VENV)-docs/bin/python -m pip install -q --disable-pip-version-check -r tools/docs.txt
	NO_MKDOCS_2_WARNING=1 $(VENV)-docs/bin/python -m mkdocs build

bench: $(VENV)/.test
	$(BIN)/python -m benchmarks.speed

# The sdist, a wheel built from it, both checked, and the wheel in an environment of its own: docs/releasing.md.
release-check:
	rm -rf $(RELEASE) build/release
	$(PYTHON) -m venv $(RELEASE)/tools && $(PYTHON) -m venv $(RELEASE)/clean
	$(RELEASE)/tools/bin/python -m pip install -q build twine
	$(RELEASE)/tools/bin/python -m build -C cmake.define.MMG_CUDA=OFF -o build/release
	$(RELEASE)/tools/bin/python -m twine check --strict build/release/*
	$(RELEASE)/clean/bin/python -m pip install -q $(TORCH) build/release/*.whl
	$(RELEASE)/clean/bin/python -m pip check
	$(RELEASE)/clean/bin/mmg doctor
	$(RELEASE)/clean/bin/python tools/first_estimate.py

# Needs nvcc and no GPU: registers, spills and shared memory of every CUDA kernel.
cuda-report: $(VENV)/.test
	$(BIN)/python -m benchmarks.cuda.report

$(VENV)/.torch:
	$(PYTHON) -m venv $(VENV)
	$(PIP) install -q --no-compile $(TORCH)
	touch $@

# Editable, so that tests run the sources; the compiled part is built again when it changes.
$(VENV)/.demo: $(VENV)/.torch $(SOURCES)
	$(PIP) install -q --no-compile -e '.[plot,data]'
	touch $@

$(VENV)/.test: $(VENV)/.torch $(SOURCES)
	$(PIP) install -q --no-compile -e '.[plot,data,test,bench,lint]'
	touch $@ $(VENV)/.demo

clean:
	rm -rf $(VENV) $(VENV)-docs $(MINIMUM) $(RELEASE) build demo.png demo.json
