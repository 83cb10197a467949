# The promises of the object store image; smoke.sh sources it.
# shellcheck shell=bash disable=SC2154 # prefix, work: smoke.sh

minio=$(image minio)
mkdir "$work/minio"
printf root-user >"$work/minio/user"
printf root-Pa55_w0rd >"$work/minio/password"
printf member-Pa55_w0rd >"$work/minio/member"
: >"$work/minio/empty"
# What a bucket task runs, in the image's shell and with nothing but its programs; no secret is ever an argument.
cat >"$work/minio/task.sh" <<'SH'
set -eu
export MC_HOST_store="http://$(cat /run/secrets/user):$(cat /run/secrets/password)@minio:9000"
mc mb --ignore-existing store/artifacts
mc mb --ignore-existing store/others
mc version enable store/artifacts
mc quota set store/artifacts --size 1GiB
mc ilm rule import store/artifacts <<'JSON'
{"Rules": [{"ID": "old", "Status": "Enabled", "NoncurrentVersionExpiration": {"NoncurrentDays": 30}}]}
JSON
cat >/tmp/policy.json <<'JSON'
{"Version": "2012-10-17", "Statement": [
  {"Effect": "Allow", "Action": ["s3:GetBucketLocation", "s3:ListBucket", "s3:ListBucketMultipartUploads"], "Resource": ["arn:aws:s3:::artifacts"]},
  {"Effect": "Allow", "Action": ["s3:GetObject", "s3:PutObject", "s3:DeleteObject", "s3:AbortMultipartUpload", "s3:ListMultipartUploadParts"], "Resource": ["arn:aws:s3:::artifacts/*"]}
]}
JSON
mc admin policy create store artifacts /tmp/policy.json
mc admin user add store member </run/secrets/member
mc admin policy attach store artifacts --user member
SH
cat >"$work/minio/member.sh" <<'SH'
set -eu
export MC_HOST_mine="http://member:$(cat /run/secrets/member)@minio:9000"
echo kept | mc pipe mine/artifacts/note.txt
[ "$(mc cat mine/artifacts/note.txt)" = kept ]
mc ls mine/artifacts
SH
cat >"$work/minio/as-member.sh" <<'SH'
export MC_HOST_mine="http://member:$(cat /run/secrets/member)@minio:9000"
exec mc "$@"
SH
cat >"$work/minio/as-root.sh" <<'SH'
export MC_HOST_store="http://$(cat /run/secrets/user):$(cat /run/secrets/password)@minio:9000"
exec mc "$@"
SH
cat >"$work/minio/default.sh" <<'SH'
export MC_HOST_default="http://minioadmin:minioadmin@$1:9000"
exec mc admin info default
SH
chmod -R a+rX "$work/minio"

as_store=(--user 1000:1000 -v "$work/minio:/run/secrets:ro")
by_files=(-e MINIO_ROOT_USER_FILE=/run/secrets/user -e MINIO_ROOT_PASSWORD_FILE=/run/secrets/password)
minio_says() { [ "$(docker image inspect -f "{{json .Config.$1}}" "$minio")" = "$2" ]; }
in_minio() { once --user 1000:1000 --entrypoint /bin/sh "$minio" -c "$1"; }
script() { once "${as_store[@]}" --entrypoint /bin/sh "$minio" "/run/secrets/$1" "${@:2}"; }
code() { docker exec "$prefix-$1" curl -s -o /dev/null -w '%{http_code}' --max-time 5 "http://127.0.0.1:$2"; }
answers_with() { [ "$(code "$1" "$2")" = "$3" ]; }
# store NAME ARGUMENT... -- COMMAND...: a server; returns when it is live.
store() {
	local name=$1 docker_args=()
	shift
	while [ "$1" != -- ]; do
		docker_args+=("$1")
		shift
	done
	run "$name" "${as_store[@]}" "${docker_args[@]}" "$minio" "${@:2}" && within 30 answers_with "$name" 9000/minio/health/live 200
}
start_store() {
	store minio "${by_files[@]}" -e MINIO_PROMETHEUS_AUTH_TYPE=public -v "$prefix-store:/data" -- server /data --console-address :9001
}
again_store() { docker stop -t 20 "$prefix-minio" && docker rm "$prefix-minio" && start_store; }
mc_ready() { timeout 20 docker exec "$prefix-minio" mc ready local; }
waits_for_ever() { [ "$(timeout 8 docker run --rm --name "$prefix-once-$RANDOM" --entrypoint mc "$minio" ready local >/dev/null 2>&1; echo $?)" = 124 ]; }
console_serves() { docker exec "$prefix-$1" curl -fsS --max-time 5 http://127.0.0.1:9001/ | grep -i '<!doctype html>'; }
argument_free() { ! docker exec "$prefix-minio" sh -c 'cat /proc/[0-9]*/cmdline' | tr '\0' ' ' | grep -F Pa55; }
log_is_clean() { ! docker logs "$prefix-minio" 2>&1 | grep -F Pa55; }
one_rule() { [ "$(script as-root.sh ilm rule export store/artifacts | grep -o '"ID"' | wc -l)" = 1 ]; }
attached() { script as-root.sh admin policy entities store --user member | grep -w artifacts; }
default_login() { script default.sh "$1"; }
falls_back() { # NAME FILE: a server whose two files are FILE lets the default login in
	store "$1" --tmpfs /data:uid=1000 -e "MINIO_ROOT_USER_FILE=$2" -e "MINIO_ROOT_PASSWORD_FILE=$2" -- server /data && default_login "$1"
}
half_empty() { # only the password's file is empty
	timeout 20 docker run --rm --name "$prefix-once-$RANDOM" --tmpfs /data:uid=1000 "${as_store[@]}" \
		-e MINIO_ROOT_USER_FILE=/run/secrets/user -e MINIO_ROOT_PASSWORD_FILE=/run/secrets/empty "$minio" server /data
}
no_folder() { once --user 1000:1000 --tmpfs /tmp:ro -e MC_HOST_store=http://a:b@minio:9000 --entrypoint mc "$minio" ls store; }
# small LIMIT: a server with that much memory takes an object of 200 MB and gives it back.
# shellcheck disable=SC2016 # for the shell in the container
small() {
	store small --memory "$1" --memory-swap "$1" "${by_files[@]}" -v "$prefix-small:/srv/data" -- server /srv/data &&
		docker exec "$prefix-small" sh -c 'export MC_HOST_s="http://$(cat /run/secrets/user):$(cat /run/secrets/password)@127.0.0.1:9000"
			mc mb s/big && head -c 200000000 /dev/zero | mc pipe --quiet s/big/object && [ "$(mc cat s/big/object | wc -c)" = 200000000 ]'
}
no_console() { store headless --tmpfs /data:uid=1000 "${by_files[@]}" -e MINIO_BROWSER=off -- server /data --console-address :9001 && ! console_serves headless; }
four() {
	local name
	for name in store1 store2 store3 store4; do
		run "$name" "${as_store[@]}" "${by_files[@]}" --tmpfs /data:uid=1000 "$minio" server 'http://store{1...4}:9000/data' --console-address :9001 || return 1
	done
	within 60 answers_with store4 9000/minio/health/cluster 200 &&
		within 60 answers_with store1 '9000/minio/health/cluster?maintenance=true' 200
}
# A drive that was missed at the start is looked for again only every 15 s.
three() { docker stop -t 20 "$prefix-store1" && within 90 answers_with store4 9000/minio/health/cluster 200; }
two() { docker stop -t 20 "$prefix-store2" && within 30 answers_with store4 9000/minio/health/cluster 503; }

keeps 'minio: entrypoint, root by default' minio_says Entrypoint '["/usr/bin/docker-entrypoint.sh"]'
keeps 'minio: (user)' minio_says User '""'
keeps 'minio: "minio" and an option both reach the server program' sh -c \
	"docker run --rm $minio minio --version | grep DEVELOPMENT && docker run --rm $minio --version | grep ' version '"
keeps 'minio: mc, curl and coreutils; no grep, sed, awk, find' in_minio \
	'mc --version && command -v curl cat head tr && ! command -v grep && ! command -v sed && ! command -v awk && ! command -v find'
docker run --rm --name "$prefix-once" --entrypoint /bin/sh -v "$prefix-store:/data" "$minio" -c 'chown 1000:1000 /data'
keeps 'minio: first start as 1000, read-only root, no capability, login by files, /data as a task chowned it' start_store
echo "      memory of minio, idle: $(memory minio)"
keeps 'minio: process 1 is uid 1000' serves_as minio 1000
keeps 'minio: mc ready local' mc_ready
keeps 'minio: (which waits for ever where nothing answers)' waits_for_ever
for path in live ready cluster cluster/read; do
	keeps "minio: /minio/health/$path" answers_with minio "9000/minio/health/$path" 200
done
keeps 'minio: cluster?maintenance=true of a single server' answers_with minio '9000/minio/health/cluster?maintenance=true' 412
keeps 'minio: console' console_serves minio
keeps 'minio: metrics without a token' answers_with minio 9000/minio/v2/metrics/cluster 200
keeps 'minio: (v3)' answers_with minio 9000/minio/metrics/v3 200
refuses 'minio: the default login, with good files' 'does not exist in our records' default_login minio
keeps 'minio: buckets, versions, quota, lifecycle, policy, user, by a task' script task.sh
keeps 'minio: the same task again' script task.sh
keeps 'minio: (the lifecycle has one rule)' one_rule
keeps 'minio: (the policy is attached)' attached
keeps 'minio: a user writes, reads and lists its bucket' script member.sh
refuses 'minio: and lists no other' 'Access Denied' script as-member.sh ls mine/others
refuses 'minio: and makes none' 'Access Denied' script as-member.sh mb mine/third
refuses 'minio: and administers nothing' 'Access Denied' script as-member.sh admin info mine
refuses 'minio: mc without a writable folder' 'Unable to save new mc config' no_folder
echo "      memory of minio, used: $(memory minio)"
keeps 'minio: stops, and starts again on the same volume' again_store
keeps 'minio: (what was written is there)' script member.sh
keeps 'minio: no secret among the server'"'"'s arguments' argument_free
keeps 'minio: none in the log' log_is_clean
keeps 'minio: DANGER kept: missing files let the default login in' falls_back missing /run/secrets/nothing
keeps 'minio: DANGER kept: empty files let the default login in' falls_back hollow /run/secrets/empty
refuses 'minio: only the password empty' 'MINIO_ROOT_PASSWORD' half_empty
docker run --rm --name "$prefix-once" --entrypoint /bin/sh -v "$prefix-small:/srv/data" "$minio" -c 'chown 1000:1000 /srv/data'
keeps 'minio: 200 MB through a server of 512 MiB' small 512m
keeps 'minio: MINIO_BROWSER=off' no_console
docker rm -fv "$prefix-minio" "$prefix-missing" "$prefix-hollow" "$prefix-headless" "$prefix-small" >/dev/null 2>&1 || true
keeps 'minio: four servers find each other' four
keeps 'minio: three of four still take writes' three
keeps 'minio: two of four do not' two
docker rm -fv "$prefix"-store{1,2,3,4} >/dev/null 2>&1 || true
