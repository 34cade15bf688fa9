"""One image that stands in for any service of the gallery: it listens where the service would, and has its tools.

What a health check calls is in it under that name and succeeds when all ports answer; so a template whose check asks
another port than the one it publishes never gets healthy. Data directories must be writable, as the service needs them.
"""

from __future__ import annotations

from tests.support.images import File, busybox_archive, directory

REFERENCE = "localhost/stand-in:latest"

_SERVICE = b"""\
#!/bin/sh
for place in $STAND_IN_DATA; do
    echo kept > "$place/.stand-in" || exit 3
done
sleep 0.3
for port in $STAND_IN_PORTS; do
    nc -ll -p "$port" -e /answer &
done
trap 'exit 0' TERM
while :; do sleep 1000 & wait $!; done
"""
_ANSWER = b"""\
#!/bin/sh
read -r line
case $line in
    GET*) while read -r more && [ ${#more} -gt 1 ]; do :; done ;; # what is left unread resets the connection
esac
case $line in
    version*) printf 'VERSION 1\\r\\n' ;;
    *) printf 'HTTP/1.0 200 OK\\r\\n\\r\\nhere I am\\n' ;;
esac
"""
_TOOL = b"""\
#!/bin/sh
for port in $STAND_IN_PORTS; do
    nc -w 1 127.0.0.1 "$port" < /dev/null > /dev/null || exit 1
done
"""
_CURL = b"""\
#!/bin/sh
for word; do url=$word; done
exec wget -q -O /dev/null "$url"
"""
TOOLS = (
    "pg_isready", "mysqladmin", "healthcheck.sh", "mongosh", "redis-cli", "valkey-cli", "influx", "cqlsh",
    "rabbitmq-diagnostics", "mosquitto_sub", "rpk", "traefik", "docker-healthcheck", "mc", "php", "bash", "vault",
)  # fmt: skip
ELSEWHERE = ("opt/kafka/bin/kafka-broker-api-versions.sh", "extra/healthcheck", "mailpit")


def stand_in_archive(reference: str = REFERENCE, ports: str = "") -> bytes:
    """Under another name and with ports of its own, it is that very image to whoever runs it."""
    files = [File("service", _SERVICE, 0o755), File("answer", _ANSWER, 0o755), File("usr/bin/curl", _CURL, 0o755)]
    files += [File(f"usr/bin/{name}", _TOOL, 0o755) for name in TOOLS]
    files += [directory(name) for name in ("opt", "opt/kafka", "opt/kafka/bin", "extra")]
    files += [File(name, _TOOL, 0o755) for name in ELSEWHERE]
    environment = ["PATH=/bin:/usr/bin", *([f"STAND_IN_PORTS={ports}"] if ports else [])]
    config = {"Entrypoint": ["/service"], "Cmd": [], "Env": environment}
    return busybox_archive(files, reference=reference, config=config)
