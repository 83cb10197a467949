# What a data scientist does: log a run with params, metrics and an artifact, register a model.
import json, os, sys, time
import mlflow
from mlflow.tracking import MlflowClient

began = time.monotonic()
mlflow.set_experiment("e2e")
with mlflow.start_run() as run:
    mlflow.log_params({"depth": 7, "criterion": "gini"})
    for step in range(20):
        mlflow.log_metric("loss", 1 / (step + 1), step=step)
    with open("/tmp/weights.txt", "w") as f:
        f.write("0.1 0.2 0.3\n" * 1000)
    mlflow.log_artifact("/tmp/weights.txt", "model")
client = MlflowClient()
client.create_registered_model("e2e-model")
version = client.create_model_version("e2e-model", f"{run.info.artifact_uri}/model", run.info.run_id)
client.set_registered_model_alias("e2e-model", "champion", version.version)
print(json.dumps({"run": run.info.run_id, "seconds": round(time.monotonic() - began, 1)}))
