# Keeps a client busy, and says how many of its calls went wrong and which runs are gone
# whose end was acknowledged. It ends on a line on stdin.
# usage: load.py [artifacts]   each run with an artifact
import json, sys, threading, time

from mlflow.tracking import MlflowClient

client = MlflowClient()
stop = threading.Event()
threading.Thread(target=lambda: (sys.stdin.readline(), stop.set()), daemon=True).start()
experiment = client.create_experiment(f"load {time.time_ns()}")
calls, wrong, slowest = 0, [], 0.0


def call(f, *args, **kwargs):
    global calls, slowest
    began = time.monotonic()
    try:
        calls += 1
        return f(*args, **kwargs)
    except Exception as e:
        wrong.append(repr(e)[:300])
    finally:
        slowest = max(slowest, time.monotonic() - began)


print("busy", flush=True)
artifacts = sys.argv[1:] == ["artifacts"]
acknowledged = []
while not stop.is_set():
    run = call(client.create_run, experiment)
    if run is None:
        continue
    before = len(wrong)
    for step in range(5):
        call(client.log_metric, run.info.run_id, "m", step, step=step)
    call(client.log_param, run.info.run_id, "p", "v")
    if artifacts:
        call(client.log_text, run.info.run_id, run.info.run_id, "note.txt")
    call(client.set_terminated, run.info.run_id)
    if len(wrong) == before:
        acknowledged.append(run.info.run_id)
finished = call(client.search_runs, [experiment], "attributes.status = 'FINISHED'", max_results=50000)
whole = {r.info.run_id for r in finished if r.data.metrics == {"m": 4} and r.data.params == {"p": "v"}}
lost = [r for r in acknowledged if r not in whole]
if artifacts:
    for run_id in acknowledged:
        with open(client.download_artifacts(run_id, "note.txt", "/tmp")) as f:
            if f.read() != run_id:
                lost.append(run_id + "/note.txt")
print(json.dumps({"calls": calls, "wrong": wrong, "finished": len(finished), "lost": lost, "slowest": round(slowest, 1)}))
