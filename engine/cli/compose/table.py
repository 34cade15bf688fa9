"""The table of compose's verbs: what runs, its usage, what help says, its options."""

from __future__ import annotations

from typing import TYPE_CHECKING

from engine.cli.compose import imaging, inside, looking, verbs

if TYPE_CHECKING:
    from collections.abc import Callable

    from engine.cli.compose.project import Chosen
    from engine.cli.options import Given

    Verb = tuple[Callable[[Chosen, Given], int], str, str, str]

_SERVICES = "[OPTIONS] [SERVICE...]"
_UP = """
--abort-on-container-exit flag  Stop all containers if any container was stopped
--abort-on-container-failure flag  Stop all containers if any ends with a failure
--always-recreate-deps flag     Recreate dependent containers too
--attach list                   Only show what these services say
--attach-dependencies flag      Show what the services say that the named ones need, too
--build flag                    Build images before starting containers
-d --detach flag                Run containers in the background
--exit-code-from text           Return the exit code of the selected service container
--force-recreate flag           Recreate containers even if nothing has changed
--new-files flag                Give a changed container new files, as docker compose does, instead of keeping its own
--menu flag                     Accepted for Docker's sake
--no-attach list                Do not show what these services say
--no-build flag                 Don't build an image, even if it is missing
--no-color flag                 Produce monochrome output
--no-deps flag                  Don't start linked services
--no-log-prefix flag            Don't print prefix in logs
--no-recreate flag              If containers already exist, don't recreate them
--no-start flag                 Don't start the services after creating them
--pull text                     Pull images first: always, missing or never
--quiet-build flag              Accepted for Docker's sake
--quiet-pull flag               Pull without printing progress information
-V --renew-anon-volumes flag    Give replaced containers new anonymous volumes
--remove-orphans flag           Remove containers of services that are in no file any more
--scale list                    Scale SERVICE to NUM instances
-t --timeout number             Seconds that replaced containers have to end
--timestamps flag               Show timestamps
--wait flag                     Wait until services run and are healthy
--wait-timeout number           Seconds for all of it; waits as --wait does
-w --watch flag                 Follow the files that "develop: watch:" names, and bring changes into the containers
-y --yes flag                   Accepted for Docker's sake: nothing is asked
"""
_INDEX = "--index number  Index of the container if there are several\n"

_ATTACH = (
    "--detach-keys text Other keys to detach with\n"
    "--no-stdin flag Do not attach STDIN\n"
    "--sig-proxy text Pass signals on"
)

VERBS: dict[str, Verb] = {
    "up": (verbs.up, _SERVICES, "Create and start containers", _UP),
    "create": (verbs.create, _SERVICES, "Create containers without starting them", _UP),
    "plan": (verbs.plan, _SERVICES, "Show what up would do, and why", _UP + "--format text  'json'\n"),
    "down": (
        verbs.down,
        "[OPTIONS] [SERVICES]",
        "Stop and remove containers and networks",
        "--remove-orphans flag Remove containers of services that are in no file any more\n"
        "--rmi text            Remove images used by services: 'local' or 'all'\n"
        "-t --timeout number   Seconds that containers have to end\n"
        "-v --volumes flag     Remove named volumes and anonymous ones",
    ),
    "watch": (
        verbs.watch,
        _SERVICES,
        "Follow files, and bring what changes into containers",
        "--no-up flag Do not build and start services first\n"
        "--quiet flag Don't say what is done\n"
        "--prune flag Accepted: what a rebuild leaves without a name is freed with the build cache",
    ),
    "rollback": (verbs.rollback, "", "Go back to the state before the last up", ""),
    "history": (verbs.history, "", "Show what was brought up and what changed", ""),
    "scale": (verbs.scale, "[SERVICE=NUM...]", "Scale services", "--no-deps flag Don't start linked services"),
    "start": (
        verbs.start,
        _SERVICES,
        "Start services",
        "--wait flag Wait until they run and are healthy\n--wait-timeout number Seconds for that",
    ),
    "stop": (verbs.stop, _SERVICES, "Stop services", "-t --timeout number Seconds that containers have to end"),
    "restart": (
        verbs.restart,
        _SERVICES,
        "Restart services",
        "-t --timeout number Seconds that containers have to end\n--no-deps flag Don't restart dependent services",
    ),
    "pause": (verbs.pause, "[SERVICE...]", "Freeze services", ""),
    "unpause": (verbs.unpause, "[SERVICE...]", "Thaw services", ""),
    "kill": (verbs.kill, _SERVICES, "Kill services", "-s --signal text SIGNAL to send\n--remove-orphans flag Accepted"),
    "rm": (
        verbs.rm,
        _SERVICES,
        "Remove stopped containers",
        "-f --force flag Don't ask\n-s --stop flag Stop them first\n-v --volumes flag Remove anonymous volumes too",
    ),
    "wait": (
        verbs.wait,
        "SERVICE [SERVICE...]",
        "Wait until services end",
        "--down-project flag Take the project down then",
    ),
    "build": (
        imaging.build,
        _SERVICES,
        "Build or rebuild services",
        "--no-cache flag Do not use cache\n"
        "--pull flag Always look for newer bases\n"
        "-q --quiet flag Don't print anything\n"
        "--build-arg list Set build-time variables\n"
        "--with-dependencies flag Also build dependencies\n"
        "--builder text Accepted for Docker's sake\n"
        "--check flag Say what the Dockerfiles had better say otherwise\n"
        "-m --memory text Accepted for Docker's sake\n"
        "--print flag Refused: there is no bake here\n"
        "--provenance text Accepted: there are no attestations\n"
        "--push flag Send the images to their registries then\n"
        "--sbom text Accepted: there are no attestations\n"
        "--ssh list Give it an agent: 'default' or NAME=SOCKET",
    ),
    "pull": (
        imaging.pull,
        _SERVICES,
        "Get the images of services",
        "-q --quiet flag Pull without printing progress\n"
        "--ignore-pull-failures flag Pull what can be pulled\n"
        "--include-deps flag Also pull dependencies\n"
        "--ignore-buildable flag Accepted: what is built here is never pulled\n"
        "--policy text 'missing' or 'always'",
    ),
    "push": (
        imaging.push,
        _SERVICES,
        "Send the images of services",
        "-q --quiet flag Push without printing progress\n"
        "--ignore-push-failures flag Push what can be pushed\n"
        "--include-deps flag Also push dependencies",
    ),
    "exec": (
        inside.exec_,
        "[OPTIONS] SERVICE COMMAND [ARGS...]",
        "Run a command in a service's container",
        _INDEX + "-d --detach flag In the background\n"
        "-e --env list Set environment variables\n"
        "--privileged flag Give extended privileges\n"
        "-T --no-tty flag Don't allocate a terminal\n"
        "-u --user text Run as this user\n"
        "-w --workdir text Working directory\n"
        "-i --interactive flag Accepted\n"
        "-t --tty flag Accepted",
    ),
    "run": (
        inside.run,
        "[OPTIONS] SERVICE [COMMAND] [ARGS...]",
        "Run one command in a container of its own",
        "-d --detach flag In the background\n"
        "--entrypoint text Another entrypoint\n"
        "-e --env list Set environment variables\n"
        "-l --label list Add a label\n"
        "--name text Name of the container\n"
        "--no-deps flag Don't start linked services\n"
        "-T --no-tty flag Don't allocate a terminal\n"
        "-p --publish list Publish ports\n"
        "--rm flag Remove it when it ends\n"
        "-P --service-ports flag Publish the service's ports\n"
        "-u --user text Run as this user\n"
        "-v --volume list Mount a volume\n"
        "-w --workdir text Working directory\n"
        "-i --interactive flag Accepted\n"
        "--quiet-pull flag Accepted\n"
        "-q --quiet flag Accepted\n"
        "--quiet-build flag Accepted\n"
        "--build flag Build the image first\n"
        "--cap-add list Add Linux capabilities\n"
        "--cap-drop list Drop Linux capabilities\n"
        "--env-from-file list Set environment variables from a file\n"
        "--pull text Pull the image first: always, missing or never\n"
        "--remove-orphans flag Remove containers of services that are in no file any more\n"
        "--use-aliases flag Give it the service's names in its networks",
    ),
    "attach": (inside.attach, "[OPTIONS] SERVICE", "Attach to a service's container", _INDEX + _ATTACH),
    "commit": (
        inside.commit,
        "[OPTIONS] SERVICE [REPOSITORY[:TAG]]",
        "Make an image from a service's changes",
        _INDEX + "-a --author text Author\n-c --change list A Dockerfile instruction\n"
        "-m --message text Message\n-p --pause flag Freeze it meanwhile",
    ),
    "export": (
        inside.export,
        "[OPTIONS] SERVICE",
        "Write a service's files as a tar",
        _INDEX + "-o --output text Into a file",
    ),
    "cp": (
        inside.cp,
        "[OPTIONS] SERVICE:SRC_PATH DEST_PATH | SRC_PATH SERVICE:DEST_PATH",
        "Copy files between a service and here",
        _INDEX + "-a --archive flag Keep owners\n-L --follow-link flag Follow links\n--all flag Accepted",
    ),
    "ps": (
        looking.ps,
        _SERVICES,
        "List containers",
        "-a --all flag Show those that ended too\n"
        "--format text 'table', 'json' or a Go template\n"
        "--no-trunc flag Don't truncate\n"
        "-q --quiet flag Only ids\n"
        "--services flag Only services\n"
        "--status list Only in this state\n"
        "--filter list Accepted\n"
        "--orphans flag Accepted",
    ),
    "ls": (
        looking.ls,
        "[OPTIONS]",
        "List projects",
        "-a --all flag Show those that ended too\n"
        "--format text 'table' or 'json'\n"
        "-q --quiet flag Only names\n"
        "--filter list Accepted",
    ),
    "logs": (
        looking.logs,
        _SERVICES,
        "Show what services say",
        _INDEX + "-f --follow flag Go on\n"
        "--no-color flag Without colours\n"
        "--no-log-prefix flag Without names\n"
        "--since text From this time\n"
        "-n --tail text Only so many lines\n"
        "-t --timestamps flag With times\n"
        "--until text Up to this time",
    ),
    **dict.fromkeys(
        ("config", "convert"),
        (
            looking.config,
            _SERVICES,
            "Show the project as it is understood",
            "--environment flag Show the variables it asks for\n"
            "--format text 'yaml' or 'json'\n"
            "--hash text Hash of services\n"
            "--images flag Only images\n"
            "--networks flag Only networks\n"
            "-o --output text Into a file\n"
            "--profiles flag Only profiles\n"
            "-q --quiet flag Only check\n"
            "--services flag Only services\n"
            "--variables flag Show the variables it asks for\n"
            "--volumes flag Only volumes\n"
            "--no-interpolate flag Refused: what is shown is what would be run\n"
            "--resolve-image-digests flag Refused: what is shown is what would be run\n"
            "--lock-image-digests flag Refused: what is shown is what would be run\n"
            "--models flag Only models: there are none\n"
            "--no-consistency flag Accepted\n"
            "--no-env-resolution flag Accepted\n"
            "--no-path-resolution flag Refused: what is shown is what would be run\n"
            "--no-normalize flag Refused: what is shown is what would be run",
        ),
    ),
    "images": (
        looking.images,
        _SERVICES,
        "List images of services",
        "--format text 'table' or 'json'\n-q --quiet flag Only ids",
    ),
    "port": (
        looking.port,
        "[OPTIONS] SERVICE PRIVATE_PORT",
        "Show where a port is",
        _INDEX + "--protocol text tcp or udp",
    ),
    "top": (looking.top, "[SERVICES...]", "Show processes", ""),
    "stats": (
        looking.stats,
        "[OPTIONS] [SERVICE]",
        "Show what services use",
        "-a --all flag Accepted\n"
        "--format text 'table', 'json' or a Go template\n"
        "--no-stream flag Once\n"
        "--no-trunc flag Whole ids",
    ),
    "events": (
        looking.events,
        _SERVICES,
        "Show what happens",
        "--json flag As JSON\n--since text From this time\n--until text Up to this time",
    ),
    "volumes": (
        looking.volumes,
        _SERVICES,
        "List volumes",
        "--format text 'table', 'json' or a Go template\n-q --quiet flag Only names",
    ),
    "version": (
        looking.version,
        "[OPTIONS]",
        "Show the version",
        "-f --format text 'pretty' or 'json'\n--short flag Only the number",
    ),
}
LOOKING = {
    "config", "convert", "events", "history", "images", "logs", "ls", "plan", "port", "ps", "stats", "top", "version",
    "volumes",
}  # fmt: skip
"""Verbs that change nothing anyway."""
CANNOT_PRETEND = {"attach", "commit", "cp", "exec", "export", "rollback", "run", "wait", "watch"}
"""Verbs of which nobody knows what they would do before they are done."""
