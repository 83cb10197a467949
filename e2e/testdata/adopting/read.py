# Reads back what write.py logged; any difference is an error.
# usage: read.py JSON   the last line of write.py
import json, sys

from mlflow.tracking import MlflowClient
import mlflow

wrote = json.loads(sys.argv[1])
name = wrote["name"]
client = MlflowClient()
for kind, run_id in wrote["runs"].items():
    experiment = client.get_experiment_by_name(f"{name}-{kind}")
    found = client.search_runs([experiment.experiment_id], "metrics.loss < 1")
    assert [r.info.run_id for r in found] == [run_id], found
    assert found[0].data.params == {"depth": "7", "kind": kind}, found[0].data.params
    losses = client.get_metric_history(run_id, "loss")
    assert [m.value for m in losses] == [1 / (s + 1) for s in range(5)], losses
    assert mlflow.artifacts.load_text(f"runs:/{run_id}/model/weights.txt") == f"weights of {name}\n" * 1000
    version = client.get_model_version_by_alias(f"{name}-{kind}", "champion")
    assert version.run_id == run_id, version
    assert mlflow.artifacts.load_text(f"models:/{name}-{kind}@champion/weights.txt") == f"weights of {name}\n" * 1000
print("all of it is there")
