# Everything that can be done with this repository. "make" alone says what.
export MLOPS_GITOPS := $(CURDIR)/bin/mlops-gitops

help: ## say what there is
	@sed -n 's/^\([a-z0-9-]*\):.*## /  make \1\t/p' $(MAKEFILE_LIST) | expand -t 24

build: ## bin/mlops-gitops
	go build -trimpath -o bin/mlops-gitops ./cmd/mlops-gitops

install: ## mlops-gitops into Go's bin folder
	go install -trimpath ./cmd/mlops-gitops

test: ## unit tests, golden files and the scripts that specify each verb
	go test ./...

check: ## what CI demands beside tests: formatting, lint, goldens and the reference as they would be generated
	sh .ci/check

generate: ## golden files, docs/reference.md and the pictures anew
	UPDATE=1 go test ./bootstrap/secrets ./cmd/... ./render/... ./schema/doc

images: ## the images that end-to-end tests run, into the engine
	e2e/images/build.sh

e2e-compose: build images ## dev on a real engine (DOCKER_HOST), with a real MLflow client
	cd e2e && go test -count=1 -timeout 40m -v -run 'TestCompose' .

e2e-cluster: build images ## prod on a real cluster (KUBECONFIG), by real Flux
	cd e2e && ./cluster.sh ./helm.sh go test -count=1 -timeout 50m -v -run TestCluster .

e2e-helm: build ## the Helm chart of prod by Helm itself, on a real cluster (KUBECONFIG) whose nodes may be simulated
	cd e2e/helm && go mod tidy -diff
	cd e2e && NODES=simulated ./cluster.sh ./helm.sh go test -count=1 -timeout 30m -v -run TestHelm .

e2e-objects: build ## custom resources of prod against their definitions (CRDS_DIR), without a cluster
	cd e2e && go test -count=1 -timeout 10m -v -run TestObjects .

e2e-sops: build ## SOPS files read and written by the real sops
	cd e2e/sops && go mod tidy -diff && go vet . && go test -count=1 -timeout 10m -v .

bench: build ## CPU, wall time and memory of whole commands, against their budgets
	cd e2e && go test -count=1 -timeout 20m -v -run 'TestBench' .

lint-objects: build ## kube-score, checkov and kubernetes-validate of prod's objects; waivers are in e2e/testdata/lint
	cd e2e && ./lint.sh go test -count=1 -timeout 10m -v -run TestLint .

licences: build ## that all that is linked into the program may be given away with it
	cd e2e && go test -count=1 -v -run TestLicences .

vulnerabilities: ## known ones that the program can run into (asks vuln.go.dev)
	go run golang.org/x/vuln/cmd/govulncheck@v1.9.0 ./cmd/...

release: ## archives, SBOMs and digests of all platforms, in dist
	.ci/release dist

full: check test licences e2e-objects lint-objects e2e-helm e2e-compose e2e-cluster e2e-sops bench ## all proofs

clean: ## what building made
	rm -rf bin dist

.PHONY: help build install test check generate images e2e-compose e2e-cluster e2e-helm e2e-objects e2e-sops bench lint-objects licences vulnerabilities release full clean
