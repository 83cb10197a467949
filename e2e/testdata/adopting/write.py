# A team's past: experiments whose artifacts go through MLflow and one whose artifacts
# lie directly in S3, a registered model with versions and aliases.
# usage: write.py NAME   prints what read.py needs, as JSON on the last line
import json, sys

import mlflow
from mlflow.tracking import MlflowClient

name = sys.argv[1]
client = MlflowClient()
wrote = {"name": name, "runs": {}}
for kind, location in {"proxied": None, "direct": f"s3://artifacts/runs/direct-{name}"}.items():
    experiment = client.create_experiment(f"{name}-{kind}", artifact_location=location)
    with mlflow.start_run(experiment_id=experiment) as run:
        mlflow.log_params({"depth": 7, "kind": kind})
        for step in range(5):
            mlflow.log_metric("loss", 1 / (step + 1), step=step)
        mlflow.log_text(f"weights of {name}\n" * 1000, "model/weights.txt")
    wrote["runs"][kind] = run.info.run_id
    model = f"{name}-{kind}"
    client.create_registered_model(model)
    version = client.create_model_version(model, f"{run.info.artifact_uri}/model", run.info.run_id)
    client.set_registered_model_alias(model, "champion", version.version)
print(json.dumps(wrote))
