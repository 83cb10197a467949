# A data scientist's week with a fresh platform: experiments, runs, metrics by the thousand,
# artifacts small and large, a registered model with versions and aliases.
# usage: write.py MEBIBYTES   prints what read.py needs, as JSON on the last line
import hashlib, json, os, sys, time

import mlflow
from mlflow.entities import Metric
from mlflow.tracking import MlflowClient

size = int(sys.argv[1])
client = MlflowClient()
began = time.monotonic()
mlflow.set_experiment("e2e")
runs = []
for depth in (3, 5, 7):
    with mlflow.start_run() as run:
        mlflow.log_params({"depth": depth, "criterion": "gini"})
        mlflow.log_metric("accuracy", depth / 10)
        runs.append(run.info.run_id)
best = runs[-1]
at = int(time.time() * 1000)
for first in range(0, 10_000, 1000):
    client.log_batch(best, metrics=[Metric("loss", 1 / (step + 1), at + step, step) for step in range(first, first + 1000)])
logged = time.monotonic()

with open("/tmp/weights.txt", "w") as f:
    f.write("0.1 0.2 0.3\n" * 1000)
for run_id in runs[1:]:
    client.log_artifact(run_id, "/tmp/weights.txt", "model")
digest = hashlib.sha256()
with open("/tmp/large.bin", "wb") as f:
    for _ in range(size):
        block = os.urandom(1 << 20)
        digest.update(block)
        f.write(block)
sending = time.monotonic()
client.log_artifact(best, "/tmp/large.bin", "large")
sent = time.monotonic()
os.remove("/tmp/large.bin")

client.create_registered_model("e2e-model")
versions = [client.create_model_version("e2e-model", client.get_run(run_id).info.artifact_uri + "/model", run_id) for run_id in runs[1:]]
client.set_registered_model_alias("e2e-model", "challenger", versions[0].version)
client.set_registered_model_alias("e2e-model", "champion", versions[1].version)
client.set_model_version_tag("e2e-model", versions[1].version, "stage", "production")

print(json.dumps({
    "runs": runs, "digest": digest.hexdigest(), "size": size,
    "seconds": {"all": round(time.monotonic() - began, 1), "log": round(logged - began, 1), "send": round(sent - sending, 1)},
}))
