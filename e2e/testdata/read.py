# Reads back what write.py logged; any difference is an error.
# usage: read.py JSON   the last line of write.py
import hashlib, json, os, sys, time

import mlflow
from mlflow.tracking import MlflowClient

wrote = json.loads(sys.argv[1])
client = MlflowClient()
best = wrote["runs"][-1]

# search and comparison
experiment = client.get_experiment_by_name("e2e")
found = client.search_runs([experiment.experiment_id], "metrics.accuracy > 0.4 and params.criterion = 'gini'", order_by=["metrics.accuracy DESC"])
assert [r.info.run_id for r in found] == [wrote["runs"][2], wrote["runs"][1]], found
assert [r.data.params["depth"] for r in found] == ["7", "5"], found

# every point of the curve
losses = []
token = None
while True:
    page = client._tracking_client.store.get_metric_history(best, "loss", max_results=5000, page_token=token)
    losses += page
    token = page.token
    if not token:
        break
assert [m.value for m in sorted(losses, key=lambda m: m.step)] == [1 / (s + 1) for s in range(10_000)], len(losses)

# models, and the way back from a model to its run
registered = client.get_registered_model("e2e-model")
assert set(registered.aliases) == {"challenger", "champion"}, registered.aliases
champion = client.get_model_version_by_alias("e2e-model", "champion")
assert champion.run_id == best and champion.tags == {"stage": "production"}, champion
assert client.get_run(champion.run_id).data.params["depth"] == "7"
assert len(client.search_model_versions("name='e2e-model'")) == 2

# artifacts
with open(client.download_artifacts(best, "model/weights.txt", "/tmp")) as f:
    assert f.read() == "0.1 0.2 0.3\n" * 1000, "artifact differs"
began = time.monotonic()
path = client.download_artifacts(best, "large/large.bin", "/tmp")
seconds = time.monotonic() - began
digest = hashlib.sha256()
with open(path, "rb") as f:
    while block := f.read(1 << 20):
        digest.update(block)
assert os.path.getsize(path) == wrote["size"] << 20, os.path.getsize(path)
assert digest.hexdigest() == wrote["digest"], "the large artifact differs"
os.remove(path)
print(json.dumps({"seconds": {"fetch": round(seconds, 1)}}))
