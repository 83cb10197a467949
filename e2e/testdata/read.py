# Reads back what write.py logged; any difference is an error.
import sys
import mlflow
from mlflow.tracking import MlflowClient

client = MlflowClient()
version = client.get_model_version_by_alias("e2e-model", "champion")
run = client.get_run(version.run_id)
assert run.data.params == {"depth": "7", "criterion": "gini"}, run.data.params
losses = client.get_metric_history(run.info.run_id, "loss")
assert [m.value for m in sorted(losses, key=lambda m: m.step)] == [1 / (s + 1) for s in range(20)], losses
path = client.download_artifacts(run.info.run_id, "model/weights.txt", "/tmp")
with open(path) as f:
    assert f.read() == "0.1 0.2 0.3\n" * 1000, "artifact differs"
assert run.info.run_id == sys.argv[1], run.info.run_id
print("all of it is there")
