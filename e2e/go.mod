module github.com/mlops-gitops/mlops-gitops/e2e

go 1.26
