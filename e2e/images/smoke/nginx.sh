# The promises of the Nginx image; smoke.sh sources it.
# shellcheck shell=bash disable=SC2154 # prefix, work: smoke.sh

nginx=$(image nginx)
mkdir "$work/nginx" "$work/certificates"
# What a rendered stack would mount, in small: every module and directive that it uses.
cat >"$work/nginx/nginx.conf" <<'CONF'
worker_processes auto;
error_log /dev/stderr notice;
pid /tmp/nginx.pid;
events {
    worker_connections 1024;
}
http {
    proxy_temp_path /tmp/proxy_temp;
    client_body_temp_path /tmp/client_temp;
    fastcgi_temp_path /tmp/fastcgi_temp;
    uwsgi_temp_path /tmp/uwsgi_temp;
    scgi_temp_path /tmp/scgi_temp;
    include /etc/nginx/mime.types;
    access_log /dev/stdout;
    client_max_body_size 0;
    resolver 127.0.0.11 valid=2s ipv6=off;
    set_real_ip_from 127.0.0.1;
    real_ip_header X-Forwarded-For;
    map $http_upgrade $connection_upgrade {
        default upgrade;
        '' '';
    }
    upstream behind {
        zone behind 64k;
        server behind:8080 resolve;
        keepalive 32;
        keepalive_timeout 60s;
    }
    server {
        listen 8080 default_server;
        location = /healthz {
            return 200 "alive\n";
        }
        location = /client {
            return 200 "$remote_addr\n";
        }
        location = /status {
            stub_status;
        }
        location / {
            proxy_pass http://behind;
            proxy_http_version 1.1;
            proxy_set_header Host $http_host;
            proxy_set_header Upgrade $http_upgrade;
            proxy_set_header Connection $connection_upgrade;
            proxy_request_buffering off;
            proxy_buffering off;
            proxy_read_timeout 3600s;
        }
        location /buffered/ {
            proxy_pass http://behind/;
        }
    }
    server {
        listen 8443 ssl default_server;
        http2 on;
        server_name _;
        ssl_reject_handshake on;
    }
    server {
        listen 8443 ssl;
        http2 on;
        server_name platform.test;
        ssl_protocols TLSv1.2 TLSv1.3;
        ssl_session_cache shared:tls:1m;
        ssl_certificate /etc/certificates/tls.crt;
        ssl_certificate_key /etc/certificates/tls.key;
        add_header Strict-Transport-Security "max-age=300" always;
        location / {
            proxy_pass http://behind;
            proxy_set_header X-Forwarded-Proto $scheme;
        }
    }
}
CONF
# The services behind: each says its name.
for name in first second; do
	cat >"$work/nginx/$name.conf" <<CONF
pid /tmp/nginx.pid;
events {}
http {
    proxy_temp_path /tmp/proxy_temp;
    client_body_temp_path /tmp/client_temp;
    fastcgi_temp_path /tmp/fastcgi_temp;
    uwsgi_temp_path /tmp/uwsgi_temp;
    scgi_temp_path /tmp/scgi_temp;
    client_max_body_size 0;
    server {
        listen 8080;
        location / {
            return 200 "$name\n";
        }
        location /upload {
            client_body_in_file_only clean;
            proxy_pass http://127.0.0.1:8080/taken;
        }
    }
}
CONF
done
# certificate NAME: a new key and certificate for platform.test; the second of the two is kept beside it as NAME.
certificate() {
	openssl req -x509 -newkey ec -pkeyopt ec_paramgen_curve:P-256 -nodes -days 2 -subj /CN=platform.test \
		-addext subjectAltName=DNS:platform.test -keyout "$work/tls.key" -out "$work/certificates/$1" 2>/dev/null &&
		cat "$work/tls.key" >"$work/certificates/tls.key" && cat "$work/certificates/$1" >"$work/certificates/tls.crt"
}
certificate old.crt
chmod -R a+rX "$work/nginx" "$work/certificates"

nginx_says() { [ "$(docker image inspect -f "{{json .Config.$1}}" "$nginx")" = "$2" ]; }
in_nginx() { once --user 101:101 "$nginx" "$@"; }
behind() { # NAME CONFIGURATION: a service under the network name "behind"
	run "$1" --user 101:101 --network-alias behind -v "$work/nginx:/conf:ro" "$nginx" nginx -c "/conf/$2" -g 'daemon off;'
}
start_nginx() {
	run nginx --user 101:101 --network-alias platform.test -v "$work/nginx:/conf:ro" -v "$work/certificates:/etc/certificates:ro" \
		"$nginx" nginx -c /conf/nginx.conf -g 'daemon off;' && within 10 get /healthz
}
get() { docker exec "$prefix-nginx" curl -fsS --max-time 5 "http://127.0.0.1:8080$1" "${@:2}"; }
get_tls() { docker exec "$prefix-nginx" curl -fsS --max-time 5 --cacert "/etc/certificates/$1" https://platform.test:8443/ "${@:2}"; }
answers() { [ "$(get "$1" "${@:3}")" = "$2" ]; }
speaks_http2() { [ "$(get_tls old.crt -o /dev/null -w '%{http_version}')" = 2 ]; }
unknown_name() { docker exec "$prefix-nginx" curl -sS --max-time 5 -k https://127.0.0.1:8443/; }
# The name moves to another container: a third one takes the old address, so that the new one cannot have it.
move() {
	docker rm -f "$prefix-first" && run squatter --user 101:101 "$nginx" && behind second second.conf && within 15 answers / second
}
take_upload() { docker exec "$prefix-nginx" sh -c "head -c 50000000 /dev/zero | curl -fsS -T - http://127.0.0.1:8080$1" | grep -x second; }
reload() {
	certificate new.crt && docker exec "$prefix-nginx" nginx -c /conf/nginx.conf -s reload && within 10 get_tls new.crt
}
drain() { docker stop -t 30 "$prefix-nginx" && [ "$(docker inspect -f '{{.State.ExitCode}}' "$prefix-nginx")" = 0 ]; }
# pathless DIRECTIVE: our configuration without that line, on a read-only root.
pathless() {
	sed "/$1/d" "$work/nginx/nginx.conf" >"$work/pathless.conf" && chmod a+r "$work/pathless.conf" &&
		once --user 101:101 -v "$work/pathless.conf:/pathless.conf:ro" -v "$work/certificates:/etc/certificates:ro" "$nginx" nginx -t -c /pathless.conf
}
own_site() { run bare --user 101:101 "$nginx" && within 10 docker exec "$prefix-bare" curl -fsS http://127.0.0.1:8080/; }

keeps 'nginx: uid 101, SIGQUIT, its command' nginx_says User '"101"'
keeps 'nginx: (signal)' nginx_says StopSignal '"SIGQUIT"'
keeps 'nginx: (command)' nginx_says Cmd '["nginx","-g","daemon off;"]'
keeps 'nginx: (entrypoint)' nginx_says Entrypoint '["/docker-entrypoint.sh"]'
# shellcheck disable=SC2016 # for the shell in the container
keeps 'nginx: user and group are nginx' in_nginx sh -c '[ "$(id -un):$(id -gn)" = nginx:nginx ]'
keeps 'nginx: curl is there, bash is not' in_nginx sh -c 'curl --version && ! command -v bash'
keeps 'nginx: its own site on 8080, read-only root, only /tmp' own_site
behind first first.conf >/dev/null
keeps 'nginx: starts with a whole configuration of ours' start_nginx
keeps 'nginx: process 1 is uid 101' serves_as nginx 101
keeps 'nginx: proxies to a name' answers / first
keeps 'nginx: the client behind a proxy (realip)' answers /client 203.0.113.7 -H 'X-Forwarded-For: 203.0.113.7'
keeps 'nginx: its numbers (stub_status)' get /status
keeps 'nginx: TLS' get_tls old.crt
keeps 'nginx: HTTP/2' speaks_http2
refuses 'nginx: TLS for an unknown name' 'unrecognized name' unknown_name
keeps 'nginx: follows a name to another address (resolve)' move
keeps 'nginx: streams an upload of 50 MB' take_upload /
keeps 'nginx: buffers an upload of 50 MB in /tmp' take_upload /buffered/
keeps 'nginx: reload serves a new certificate' reload
refuses 'nginx: (and no longer the old one)' 'certificate' get_tls old.crt
refuses 'nginx: a temporary path left out, even one never used' 'Read-only file system' pathless scgi_temp_path
echo "      memory of nginx: $(memory nginx)"
keeps 'nginx: SIGQUIT ends it, exit code 0' drain
