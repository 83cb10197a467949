"""What a person does with the server: log a run, an artifact and a model, and read them back."""

import mlflow

mlflow.set_experiment("smoke")
with mlflow.start_run() as run:
    mlflow.log_param("depth", 3)
    mlflow.log_metric("loss", 0.5)
    mlflow.log_text("kept", "notes/note.txt")
    mlflow.pyfunc.log_model(
        name="model",
        python_model=lambda model_input: model_input,
        pip_requirements=[],
        registered_model_name="smoke",
    )

found = mlflow.MlflowClient().get_run(run.info.run_id)
assert found.data.params == {"depth": "3"}, found.data.params
assert found.data.metrics == {"loss": 0.5}, found.data.metrics
assert found.info.artifact_uri.startswith("mlflow-artifacts:"), found.info.artifact_uri
assert mlflow.artifacts.load_text(f"{found.info.artifact_uri}/notes/note.txt") == "kept"
assert mlflow.pyfunc.load_model("models:/smoke/1").predict(["x"]) == ["x"]
