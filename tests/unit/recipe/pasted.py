"""Lines as READMEs and blogs have them, each with the line that Wherry makes of it. Ours, in the styles of many."""

# A line that is pasted is as long as it is.
# ruff: noqa: E501
from __future__ import annotations

HOME, DIRECTORY = "/home/anna", "/home/anna/project"

PLAIN = {
    "docker run nginx": "nginx",
    "docker run nginx:1.27": "nginx:1.27",
    "docker run -d nginx": "nginx",
    "docker run -it alpine sh": "-t -i alpine sh",
    "docker run --rm -it alpine:3.20 /bin/sh": "-t -i --rm alpine:3.20 /bin/sh",
    "docker run -ti --rm debian bash -l": "-t -i --rm debian bash -l",
    "docker run --detach --name web nginx": "--name web nginx",
    "docker run -d --name=web nginx": "--name web nginx",
    "docker run -dit --name box alpine": "--name box -t -i alpine",
    "docker run -itd alpine": "-t -i alpine",
    "docker run hello-world": "hello-world",
    "docker run ghcr.io/owner/app:v1.2.3": "ghcr.io/owner/app:v1.2.3",
    "docker run registry.example.org:5000/team/app@sha256:" + "a" * 64: "registry.example.org:5000/team/app@sha256:"
    + "a" * 64,
    "docker run quay.io/org/app --flag value -x": "quay.io/org/app --flag value -x",
    "docker run alpine -- ls": "alpine -- ls",
    "docker run -- alpine ls -l": "alpine ls -l",
    "docker run --entrypoint sh alpine -c 'echo hi'": "--entrypoint sh alpine -c 'echo hi'",
    "docker run --entrypoint= alpine ls": "--entrypoint '' alpine ls",
    """docker run --entrypoint '["sh", "-c"]' alpine 'echo hi'""": "--entrypoint sh alpine -c 'echo hi'",
    "docker run --init --tty=false alpine": "--init alpine",
    "docker run --privileged --read-only alpine": "--privileged --read-only alpine",
    "docker run -h box --domainname example.org alpine": "--hostname box --domainname example.org alpine",
    "docker run -u 1000:1000 -w /srv node:22 npm start": "-w /srv -u 1000:1000 node:22 npm start",
    "docker run -P nginx": "-P nginx",
    "docker run --quiet --pull always nginx": "nginx",
}

PROGRAMS = {
    "sudo docker run nginx": "nginx",
    "sudo -E docker run nginx": "nginx",
    "sudo -u anna docker run nginx": "nginx",
    "podman run nginx": "nginx",
    "podman run -d --name db postgres": "--name db postgres",
    "sudo podman run --replace --name db postgres": "--name db postgres",
    "nerdctl run nginx": "nginx",
    "wherry run nginx": "nginx",
    "docker create nginx": "nginx",
    "docker container run nginx": "nginx",
    "docker container create --name x nginx": "--name x nginx",
    "/usr/bin/docker run nginx": "nginx",
    "docker -H unix:///run/d.sock run nginx": "nginx",
    "docker --context other run nginx": "nginx",
    "docker --config=/x run nginx": "nginx",
    "DOCKER_HOST=unix:///x docker run nginx": "nginx",
    "-d -p 80:80 nginx": "-p 80:80 nginx",
    "run -d nginx": "nginx",
    "podman run --userns=keep-id -v ./src:/src:z node": f"-v {DIRECTORY}/src:/src --userns keep-id node",
    "podman run --network slirp4netns --cgroupns private alpine": "alpine",
    "podman run -v data:/data:U,Z mariadb": "-v data:/data:U mariadb",
}

PROMPTS_AND_FENCES = {
    "$ docker run nginx": "nginx",
    "# docker run nginx": "nginx",
    "% docker run nginx": "nginx",
    "> docker run nginx": "nginx",
    "anna@laptop:~$ docker run nginx": "nginx",
    "[root@server ~]# docker run nginx": "nginx",
    "root@server:/srv# docker run nginx": "nginx",
    "PS C:\\Users\\anna> docker run nginx": "nginx",
    "  $ sudo docker run nginx": "nginx",
    "```\ndocker run nginx\n```": "nginx",
    "```bash\n$ docker run -d \\\n    nginx\n```": "nginx",
    "```shell\ndocker run \\\n  -p 80:80 nginx\n```": "-p 80:80 nginx",
    "$ docker run \\\n> -p 80:80 \\\n> nginx": "-p 80:80 nginx",
}

CONTINUED = {
    "docker run -d \\\n  --name web \\\n  -p 8080:80 \\\n  nginx": "--name web -p 8080:80 nginx",
    "docker run \\\n-d \\\n-p 80:80 \\\nnginx:latest": "-p 80:80 nginx:latest",
    "docker run -d \\\r\n  -p 80:80 \\\r\n  nginx": "-p 80:80 nginx",
    "docker run -d \\ \n  -p 80:80 \\  \n  nginx": "-p 80:80 nginx",
    "docker run -d \\\n\n  -p 80:80 nginx": "-p 80:80 nginx",
    "docker run -d `\n  -p 80:80 `\n  nginx": "-p 80:80 nginx",
    "docker run -d ^\n  -p 80:80 ^\n  nginx": "-p 80:80 nginx",
    "docker run -d\n  -p 80:80\n  nginx": "-p 80:80 nginx",
    "docker run -d \\\n\t--name web\\\n\tnginx": "--name web nginx",
    "docker run \\\n  -p 80:80 \\\n  nginx \\\n  nginx -g 'daemon off;'": "-p 80:80 nginx nginx -g 'daemon off;'",
    "docker run -d -p 80:80 \\\n nginx \\\n": "-p 80:80 nginx",
}

REMARKS = {
    "docker run -d \\\n  -v cfg:/config `#optional` \\\n  nginx": "-v cfg:/config nginx",
    "docker run -d \\\n  -p 80:80 `# the web port` \\\n  -p 443:443 `# the other` \\\n  nginx": "-p 80:80 -p 443:443 nginx",
    "docker run -d \\\n  # the web port\n  -p 80:80 \\\n  nginx": "-p 80:80 nginx",
    "docker run -d \\\n  -p 80:80 \\  # the web port\n  nginx": "-p 80:80 nginx",
    "docker run -d \\\n  -p 80:80 # the web port\n  nginx": "-p 80:80 nginx",
    "docker run -d nginx # and that is all": "nginx",
    "# first make a volume, then:\ndocker run -d nginx": "nginx",
    "# first\n\ndocker run -d \\\n  # second \\\n  nginx": "nginx",
    "docker run -e COLOR=#ff0000 nginx": "-e 'COLOR=#ff0000' nginx",
    "docker run -d \\\n  -e A=1 `#needs a value` -e B=2 \\\n  nginx": "-e A=1 -e B=2 nginx",
}

SEVERAL_COMMANDS = {
    "docker pull nginx\ndocker run -d nginx": "nginx",
    "docker pull nginx && docker run -d nginx": "nginx",
    "docker run -d nginx\ndocker logs -f web": "nginx",
    "docker run -d nginx && curl localhost": "nginx",
    "docker run -d nginx; docker ps": "nginx",
    "docker run --rm alpine cat /etc/os-release | head -3": "--rm alpine cat /etc/os-release",
    "docker run --rm alpine date > now.txt": "--rm alpine date",
    "docker volume create data\n\ndocker run -d \\\n  -v data:/data \\\n  app": "-v data:/data app",
    "mkdir -p data\ncd data\ndocker run -v data:/data app\n\nThen open the page.": "-v data:/data app",
    "docker run -d app\n\nOpen http://localhost:8080 in a browser.": "app",
    "docker network create back\ndocker run --network back --network-alias db postgres": "--network back --network-alias db postgres",
}

QUOTES = {
    """docker run -e "GREETING=hello world" app""": "-e 'GREETING=hello world' app",
    """docker run -e GREETING='hello world' app""": "-e 'GREETING=hello world' app",
    """docker run -e GREETING="it's" app""": """-e 'GREETING=it'"'"'s' app""",
    """docker run -e 'JSON={"a": [1, 2]}' app""": """-e 'JSON={"a": [1, 2]}' app""",
    """docker run -e JSON="{\\"a\\": 1}" app""": """-e 'JSON={"a": 1}' app""",
    """docker run app sh -c "echo one; echo two" """: "app sh -c 'echo one; echo two'",
    """docker run app sh -c 'echo "one two"'""": """app sh -c 'echo "one two"'""",
    """docker run -e A='' -e B="" -e C= app""": "-e A= -e B= -e C= app",
    """docker run -e PATH_WITH=a\\ b app""": "-e 'PATH_WITH=a b' app",
    """docker run -e “GREETING=hello world” app""": "-e 'GREETING=hello world' app",
    """docker run –name web –-rm app""": "--name web --rm app",
    """docker run -l 'traefik.http.routers.web.rule=Host(`web.example.org`)' app""": "-l 'traefik.http.routers.web.rule=Host(`web.example.org`)' app",
    """docker run -e 'COST=$5' app""": "-e 'COST=$5' app",
    """docker run -e "COST=\\$5" app""": "-e 'COST=$5' app",
    """docker run --health-cmd="curl -f http://localhost/ || exit 1" --health-interval=1m30s app""": "--health-cmd 'curl -f http://localhost/ || exit 1' --health-interval 90s app",
}

EXPANSIONS = {
    "docker run -v $PWD:/app node": f"-v {DIRECTORY}:/app node",
    "docker run -v ${PWD}:/app node": f"-v {DIRECTORY}:/app node",
    'docker run -v "$PWD":/app node': f"-v {DIRECTORY}:/app node",
    'docker run -v "$PWD/src:/app" node': f"-v {DIRECTORY}/src:/app node",
    "docker run -v $(pwd):/app node": f"-v {DIRECTORY}:/app node",
    'docker run -v "$(pwd)"/data:/data app': f"-v {DIRECTORY}/data:/data app",
    'docker run -v "$(pwd)/my data:/data" app': f"-v '{DIRECTORY}/my data:/data' app",
    "docker run -v `pwd`:/app node": f"-v {DIRECTORY}:/app node",
    "docker run -v $HOME/.config:/config app": f"-v {HOME}/.config:/config app",
    "docker run -v ${HOME}/media:/media:ro app": f"-v {HOME}/media:/media:ro app",
    "docker run -v ~/media:/media app": f"-v {HOME}/media:/media app",
    "docker run -v ~:/home app": f"-v {HOME}:/home app",
    "docker run --volume=~/media:/media app": f"-v {HOME}/media:/media app",
    "docker run -v ./data:/data app": f"-v {DIRECTORY}/data:/data app",
    "docker run -v ../data:/data app": f"-v {HOME}/data:/data app",
    "docker run -v .:/src app": f"-v {DIRECTORY}:/src app",
    "docker run -u $(id -u):$(id -g) app": "-u 1000:1001 app",
    'docker run --user "$(id -u):$(id -g)" app': "-u 1000:1001 app",
    "docker run -u `id -u`:`id -g` app": "-u 1000:1001 app",
    "docker run -e PUID=$(id -u) -e PGID=$(id -g) app": "-e PUID=1000 -e PGID=1001 app",
    "docker run -e PUID=$UID app": "-e PUID=1000 app",
    "docker run -e NAME=$USER app": "-e NAME=anna app",
    "docker run -e NAME=$(whoami) app": "-e NAME=anna app",
    "docker run -e PUID=$(id -u $USER) app": "-e PUID=1000 app",
    "docker run -w $PWD -v $PWD:$PWD app": f"-v {DIRECTORY}:{DIRECTORY} -w {DIRECTORY} app",
    "docker run -e LANG app": "-e LANG=de_DE.UTF-8 app",
    "docker run -e NOT_SET_HERE app": "app",
    "docker run app sh -c 'echo $HOME'": "app sh -c 'echo $HOME'",
    "docker run --mount type=bind,source=$PWD,target=/app node": f"--mount type=bind,src={DIRECTORY},dst=/app node",
    'docker run --mount type=bind,source="$(pwd)"/x,target=/x app': f"--mount type=bind,src={DIRECTORY}/x,dst=/x app",
}

MOUNTS = {
    "docker run -v data:/data app": "-v data:/data app",
    "docker run -v data:/data:ro app": "-v data:/data:ro app",
    "docker run -v /data app": "-v /data app",
    "docker run -v /etc/localtime:/etc/localtime:ro app": "-v /etc/localtime:/etc/localtime:ro app",
    "docker run -v /srv:/srv:rw,Z app": "-v /srv:/srv app",
    "docker run -v /srv:/srv:cached app": "-v /srv:/srv app",
    "docker run -v /mnt:/mnt:ro,rslave app": "-v /mnt:/mnt:ro,rslave app",
    "docker run -v data:/data:nocopy app": "-v data:/data:nocopy app",
    "docker run -v=/a:/b -v=/c:/d app": "-v /a:/b -v /c:/d app",
    "docker run -v/a:/b app": "-v /a:/b app",
    "docker run --mount type=bind,src=/a,dst=/b app": "--mount type=bind,src=/a,dst=/b app",
    "docker run --mount type=bind,source=/a,destination=/b,readonly app": "--mount type=bind,src=/a,dst=/b,readonly app",
    "docker run --mount type=bind,source=/a,target=/b,ro=true app": "--mount type=bind,src=/a,dst=/b,readonly app",
    "docker run --mount 'type=bind,source=/a,target=/b,bind-propagation=rshared' app": "--mount type=bind,src=/a,dst=/b,bind-propagation=rshared app",
    "docker run --mount type=volume,source=data,target=/data app": "-v data:/data app",
    "docker run --mount source=data,target=/data,volume-nocopy app": "-v data:/data:nocopy app",
    "docker run --mount type=volume,dst=/data app": "-v /data app",
    "docker run --mount type=volume,src=data,dst=/data,volume-subpath=a/b,readonly app": "--mount type=volume,src=data,dst=/data,readonly,volume-subpath=a/b app",
    "docker run --mount type=volume,src=data,dst=/d,volume-label=a=b,volume-label=c=d app": "--mount type=volume,src=data,dst=/d,volume-label=a=b,volume-label=c=d app",
    "docker run --mount type=tmpfs,destination=/run app": "--tmpfs /run app",
    "docker run --mount type=tmpfs,target=/run,tmpfs-size=64m,tmpfs-mode=0700 app": "--tmpfs /run:size=64m,mode=700 app",
    """docker run --mount 'type=bind,"src=/a,b",dst=/c' app""": """--mount 'type=bind,"src=/a,b",dst=/c' app""",
    "docker run --tmpfs /run app": "--tmpfs /run app",
    "docker run --tmpfs /run:rw,noexec,nosuid,size=65536k app": "--tmpfs /run:size=64m app",
    "docker run --tmpfs /run:size=64m,mode=755 --tmpfs=/tmp app": "--tmpfs /run:size=64m,mode=755 --tmpfs /tmp app",
    "docker run --volumes-from other:ro app": "--volumes-from other:ro app",
}

PORTS_AND_NETWORKS = {
    "docker run -p 80 app": "-p 80 app",
    "docker run -p 127.0.0.1:80:80 app": "-p 127.0.0.1:80:80 app",
    "docker run -p 127.0.0.1::80 app": "-p 127.0.0.1::80 app",
    "docker run -p 53:53/udp -p 53:53/tcp app": "-p 53:53/udp -p 53:53 app",
    "docker run -p [::1]:80:80 app": "-p '[::1]:80:80' app",
    "docker run -p80:80 app": "-p 80:80 app",
    "docker run -p=80:80 app": "-p 80:80 app",
    "docker run --publish=80:80 app": "-p 80:80 app",
    "docker run -dp 127.0.0.1:3000:3000 app": "-p 127.0.0.1:3000:3000 app",
    "docker run -p 7000-7002:7000-7002 app": "-p 7000:7000 -p 7001:7001 -p 7002:7002 app",
    "docker run -p 8000-8010:80 app": "-p 8000-8010:80 app",
    "docker run --expose 9000 --expose 53/udp app": "--expose 9000/tcp --expose 53/udp app",
    "docker run --network host app": "--network host app",
    "docker run --net=host app": "--network host app",
    "docker run --network bridge app": "app",
    "docker run --network=none app": "--network none app",
    "docker run --network container:web app": "--network container:web app",
    "docker run --net back --net-alias db app": "--network back --network-alias db app",
    "docker run --add-host db:10.0.0.2 --add-host=host.docker.internal:host-gateway app": "--add-host db:10.0.0.2 --add-host host.docker.internal:host-gateway app",
    "docker run --dns 9.9.9.9 --dns-search example.org --dns-opt ndots:2 app": "--dns 9.9.9.9 --dns-search example.org --dns-option ndots:2 app",
}

LIMITS_AND_RIGHTS = {
    "docker run -m 512m app": "-m 512m app",
    "docker run --memory=1.5g --memory-swap=-1 app": "-m 1536m --memory-swap -1 app",
    "docker run --cpus .5 app": "--cpus 0.5 app",
    "docker run --cpus=2 --cpuset-cpus 0-3 app": "--cpus 2 --cpuset-cpus 0-3 app",
    "docker run --pids-limit 100 app": "--pids-limit 100 app",
    "docker run --pids-limit -1 app": "--pids-limit -1 app",
    "docker run --shm-size=1gb app": "--shm-size 1g app",
    "docker run --shm-size 256m --ulimit nofile=65536:65536 app": "--shm-size 256m --ulimit nofile=65536:65536 app",
    "docker run --ulimit memlock=-1 app": "--ulimit memlock=-1:-1 app",
    "docker run --restart always app": "--restart always app",
    "docker run --restart=unless-stopped app": "--restart unless-stopped app",
    "docker run --restart on-failure:5 app": "--restart on-failure:5 app",
    "docker run --restart no app": "app",
    "docker run --cap-add NET_ADMIN --cap-drop=ALL app": "--cap-add NET_ADMIN --cap-drop ALL app",
    "docker run --cap-add=cap_sys_time app": "--cap-add SYS_TIME app",
    "docker run --security-opt no-new-privileges:true app": "--security-opt no-new-privileges app",
    "docker run --security-opt=no-new-privileges app": "--security-opt no-new-privileges app",
    "docker run --security-opt seccomp=unconfined --security-opt apparmor=unconfined app": "--security-opt seccomp=unconfined app",
    "docker run --security-opt label:disable app": "app",
    "docker run --device /dev/dri app": "--device /dev/dri:/dev/dri:rwm app",
    "docker run --device=/dev/ttyUSB0:/dev/ttyACM0:rw app": "--device /dev/ttyUSB0:/dev/ttyACM0:rw app",
    "docker run --device /dev/snd:r app": "--device /dev/snd:/dev/snd:r app",
    "docker run --group-add video --group-add 109 app": "--group-add video --group-add 109 app",
    "docker run --sysctl net.ipv4.ip_forward=1 app": "--sysctl net.ipv4.ip_forward=1 app",
    "docker run --log-opt max-size=10m --log-opt max-file=3 app": "--log-opt max-size=10m --log-opt max-file=3 app",
    "docker run --log-driver json-file --log-opt max-size=10m app": "--log-opt max-size=10m app",
    "docker run --stop-signal SIGINT --stop-timeout 60 app": "--stop-signal SIGINT --stop-timeout 60 app",
    "docker run --no-healthcheck app": "--no-healthcheck app",
    "docker run --health-cmd 'pg_isready' --health-retries=5 --health-timeout=5s app": "--health-cmd pg_isready --health-timeout 5s --health-retries 5 app",
    "docker run --label com.example.team=web -l plain app": "-l com.example.team=web -l plain= app",
    "docker run --platform linux/arm64 app": "--platform linux/arm64 app",
    "docker run --pid=host --ipc=host --uts=host app": "--pid host --ipc host --uts host app",
    "docker run --ipc private app": "app",
    "docker run --cpu-shares 512 -c 256 app": "--cpu-shares 256 app",
    "docker run --blkio-weight 300 --device-read-bps /dev/sda:1mb app": "--blkio-weight 300 --device-read-bps /dev/sda:1m app",
    "docker run --oom-score-adj=500 app": "--oom-score-adj 500 app",
    "docker run --userns=keep-id app": "--userns keep-id app",
    "docker run --runtime runc app": "app",
}

WHOLE = {
    """docker run -d \\
  --name=media \\
  -e PUID=1000 \\
  -e PGID=1000 \\
  -e TZ=Etc/UTC \\
  -e VERSION=docker \\
  -p 8096:8096 \\
  -p 7359:7359/udp `#optional` \\
  -v /path/to/library:/config \\
  -v /path/to/tv:/data/tvshows \\
  --restart unless-stopped \\
  lscr.example.org/team/media:latest
""": "--name media -p 8096:8096 -p 7359:7359/udp -v /path/to/library:/config -v /path/to/tv:/data/tvshows -e PUID=1000 "
    "-e PGID=1000 -e TZ=Etc/UTC -e VERSION=docker --restart unless-stopped lscr.example.org/team/media:latest",
    """$ docker run --name some-postgres \\
    -e POSTGRES_PASSWORD=mysecretpassword \\
    -e PGDATA=/var/lib/postgresql/data/pgdata \\
    -v /custom/mount:/var/lib/postgresql/data \\
    -d postgres""": "--name some-postgres -v /custom/mount:/var/lib/postgresql/data -e POSTGRES_PASSWORD=mysecretpassword "
    "-e PGDATA=/var/lib/postgresql/data/pgdata postgres",
    """sudo docker run \\
  --volume=/:/rootfs:ro \\
  --volume=/var/run:/var/run:ro \\
  --volume=/sys:/sys:ro \\
  --publish=8080:8080 \\
  --detach=true \\
  --name=watcher \\
  --privileged \\
  --device=/dev/kmsg \\
  example.org/watcher:v0.49.1
""": "--name watcher -p 8080:8080 -v /:/rootfs:ro -v /var/run:/var/run:ro -v /sys:/sys:ro "
    "--device /dev/kmsg:/dev/kmsg:rwm --privileged example.org/watcher:v0.49.1",
    """docker run -d -p 3000:3000 --add-host=host.docker.internal:host-gateway -v webui:/app/data --name webui --restart always ghcr.example.org/open/webui:main""": "--name webui -p 3000:3000 -v webui:/app/data --restart always "
    "--add-host host.docker.internal:host-gateway ghcr.example.org/open/webui:main",
    """podman run --rm -it \\
    --userns keep-id \\
    -v "$PWD":/work:Z -w /work \\
    docker.io/library/python:3.12 \\
    python -m http.server 8000""": f"-t -i --rm -v {DIRECTORY}:/work -w /work --userns keep-id docker.io/library/python:3.12 "
    "python -m http.server 8000",
}

STYLES = {
    "plain": PLAIN, "programs": PROGRAMS, "prompts and fences": PROMPTS_AND_FENCES, "continued": CONTINUED,
    "remarks": REMARKS, "several commands": SEVERAL_COMMANDS, "quotes": QUOTES, "expansions": EXPANSIONS,
    "mounts": MOUNTS, "ports and networks": PORTS_AND_NETWORKS, "limits and rights": LIMITS_AND_RIGHTS, "whole": WHOLE,
}  # fmt: skip

LEFT_TO_THE_USER = {
    "docker run -v $DATA:/data app": ("$DATA", "--mount 'type=bind,src=$DATA,dst=/data,bind-create-src' app"),
    "docker run -v ${DATA:-/srv}:/data app": (
        "${DATA:-/srv}",
        "--mount 'type=bind,src=${DATA:-/srv},dst=/data,bind-create-src' app",
    ),
    'docker run -v "$DATA/sub:/data" app': (
        "$DATA/sub",
        "--mount 'type=bind,src=$DATA/sub,dst=/data,bind-create-src' app",
    ),
    "docker run -v $(dirname x):/data app": (
        "$(dirname x)",
        "--mount 'type=bind,src=$(dirname x),dst=/data,bind-create-src' app",
    ),
    "docker run -v %cd%:/data app": ("%cd%", "--mount type=bind,src=%cd%,dst=/data,bind-create-src app"),
    "docker run -v $env:USERPROFILE:/data app": (
        "$env:USERPROFILE",
        "--mount 'type=bind,src=$env:USERPROFILE,dst=/data,bind-create-src' app",
    ),
    "docker run --mount src=$VOLUME,dst=/data app": ("$VOLUME", "--mount 'type=bind,src=$VOLUME,dst=/data' app"),
    "docker run -e PASSWORD=$PASSWORD app": ("$PASSWORD", "-e 'PASSWORD=$PASSWORD' app"),
    "docker run -e HOST=$(hostname) app": ("$(hostname)", "-e 'HOST=$(hostname)' app"),
    "docker run -e HOST=`hostname` app": ("`hostname`", "-e 'HOST=`hostname`' app"),
    "docker run -e PASSWORD=<your password> app": ("<your password>", "-e 'PASSWORD=<your password>' app"),
    "docker run -p $PORT:80 app": ("--publish $PORT:80", "app"),
    "docker run -p 81:81 -p $PORT:80 app": ("--publish $PORT:80", "-p 81:81 app"),
    "docker run -m $MEMORY app": ("--memory $MEMORY", "app"),
    "docker run --name $NAME app": ("$NAME", "app"),
    "docker run app echo $RESULT": ("$RESULT", "app echo '$RESULT'"),
    "docker run $IMAGE": ("$IMAGE", "''"),
    "docker run registry.example.org/app:$TAG": ("registry.example.org/app:$TAG", "''"),
    "docker run <image>": ("<image>", "''"),
    'docker run -e NOW="$(date +%s)" app': ("$(date +%s)", "-e 'NOW=$(date +%s)' app"),
}
