# Keeps a client busy, and says how many of its calls went wrong. It ends on a line on stdin.
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
while not stop.is_set():
    run = call(client.create_run, experiment)
    if run is None:
        continue
    for step in range(5):
        call(client.log_metric, run.info.run_id, "m", step, step=step)
    call(client.log_param, run.info.run_id, "p", "v")
    call(client.set_terminated, run.info.run_id)
finished = call(client.search_runs, [experiment], "attributes.status = 'FINISHED'", max_results=50000)
print(json.dumps({"calls": calls, "wrong": wrong, "finished": len(finished), "slowest": round(slowest, 1)}))
