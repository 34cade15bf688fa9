"""Which verbs there are and where each lives. A module is imported only when one of its verbs is wanted."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from engine.cli.options import Command

# verb: (module below engine.cli, its command there, what help says)
VERBS: dict[str, tuple[str, str, str]] = {
    "run": ("containers.running", "run", "Make and start a container from an image"),
    "exec": ("containers.running", "exec", "Run a command in a running container"),
    "ps": ("containers.lives", "ps", "List containers"),
    "build": ("build.building", "build", "Build an image from a Dockerfile"),
    "pull": ("images.transfers", "pull", "Get an image from a registry"),
    "push": ("images.transfers", "push", "Send an image to a registry"),
    "images": ("images.kept", "images", "List images"),
    "login": ("images.transfers", "login", "Log in to a registry"),
    "logout": ("images.transfers", "logout", "Forget the login of a registry"),
    "search": ("images.transfers", "search", "Search a registry for images"),
    "version": ("system", "version", "Show the versions of client and engine"),
    "info": ("system", "info", "Show what the engine is and has"),
    "attach": ("containers.running", "attach", "Attach to a running container"),
    "commit": ("containers.lives", "commit", "Make an image from a container's changes"),
    "cp": ("containers.copying", "cp", "Copy files between a container and here"),
    "create": ("containers.running", "create", "Make a container without starting it"),
    "diff": ("containers.lives", "diff", "Show what a container changed in its files"),
    "events": ("system", "events", "Show what happens, as it happens"),
    "export": ("containers.lives", "export", "Write a container's files as a tar"),
    "history": ("images.kept", "history", "Show the steps an image was made in"),
    "import": ("images.kept", "import", "Make an image from a tar of files"),
    "inspect": ("inspecting", "inspect", "Show everything about one or more things"),
    "kill": ("containers.lives", "kill", "Kill containers"),
    "load": ("images.kept", "load", "Load images from a tar"),
    "logs": ("containers.lives", "logs", "Show a container's log"),
    "pause": ("containers.lives", "pause", "Freeze containers"),
    "port": ("containers.lives", "port", "Show a container's published ports"),
    "rename": ("containers.lives", "rename", "Rename a container"),
    "restart": ("containers.lives", "restart", "Restart containers"),
    "rm": ("containers.lives", "rm", "Remove containers"),
    "rmi": ("images.kept", "rmi", "Remove images"),
    "save": ("images.kept", "save", "Write images to a tar"),
    "start": ("containers.running", "start", "Start stopped containers"),
    "stats": ("containers.watching", "stats", "Show what containers use, live"),
    "stop": ("containers.lives", "stop", "Stop containers"),
    "tag": ("images.kept", "tag", "Give an image another name"),
    "top": ("containers.lives", "top", "Show a container's processes"),
    "unpause": ("containers.lives", "unpause", "Thaw containers"),
    "update": ("containers.lives", "update", "Change limits of containers"),
    "wait": ("containers.lives", "wait", "Wait until containers end, then print their exit codes"),
    "compose": ("compose.entrance", "compose", "Define and run projects of several containers"),
    "serve": ("serve", "serve", "Run the engine without a window, on its socket"),
    "context": ("system", "context", "Print the line that points docker tools here"),
    "move": ("machines.moving", "move", "Move a container, project, volume or image to another machine"),
    "copy": ("machines.moving", "copy", "Copy a container, project, volume or image to another machine"),
    "archive": ("machines.moving", "archive", "Write a container, project or volume to one file"),
    "unarchive": ("machines.moving", "unarchive", "Bring back what is in such a file"),
    "bring-over": ("machines.moving", "bring-over", "Copy here what Docker and Podman on this computer have"),
    "completion": ("completion", "completion", "Print the completion script for bash, zsh or fish"),
}

GROUPS: dict[str, tuple[str, dict[str, tuple[str, str]]]] = {
    "container": (
        "Work with containers",
        {
            **{verb: (VERBS[verb][0], verb) for verb in (
                "attach", "commit", "cp", "create", "diff", "exec", "export", "kill", "logs", "pause", "port", "rename",
                "restart", "rm", "run", "start", "stats", "stop", "top", "unpause", "update", "wait")},
            "ls": ("containers.lives", "ps"),
            "list": ("containers.lives", "ps"),
            "ps": ("containers.lives", "ps"),
            "inspect": ("inspecting", "container inspect"),
            "prune": ("containers.lives", "container prune"),
        },
    ),
    "image": (
        "Work with images",
        {
            **{verb: (VERBS[verb][0], verb) for verb in (
                "build", "history", "import", "load", "pull", "push", "save", "tag")},
            "ls": ("images.kept", "images"),
            "list": ("images.kept", "images"),
            "rm": ("images.kept", "rmi"),
            "inspect": ("images.kept", "image inspect"),
            "prune": ("images.kept", "image prune"),
        },
    ),
    "volume": ("Work with volumes", {v: ("stores", f"volume {v}") for v in ("create", "inspect", "ls", "prune", "rm")}),
    "network": (
        "Work with networks",
        {
            **{v: ("stores", f"network {v}") for v in (
                "connect", "create", "disconnect", "inspect", "ls", "prune", "rm")},
            "why": ("networks", "network why"),
            "watch": ("networks", "network watch"),
            "peers": ("networks", "network peers"),
        },
    ),
    "pod": (
        "Work with pods: containers that share a network",
        {
            **{v: ("pods", f"pod {v}") for v in (
                "create", "exists", "inspect", "kill", "logs", "ls", "pause", "prune", "restart", "rm", "start", "stop",
                "unpause")},
            "ps": ("pods", "pod ls"),
            "list": ("pods", "pod ls"),
        },
    ),
    "kube": (
        "Work with Kubernetes manifests",
        {
            **{v: ("clusters.manifests", f"kube {v}") for v in ("down", "generate", "play")},
            **{v: ("clusters.objects", f"kube {v}") for v in (
                "apply", "contexts", "delete", "get", "rollout", "scale", "top", "undo")},
            **{v: ("clusters.pods", f"kube {v}") for v in ("cp", "exec", "logs", "port-forward")},
        },
    ),
    "stack": (
        "Work with the stacks of a remote Docker's swarm",
        {
            **{v: ("swarms.stacks", f"stack {v}") for v in ("deploy", "ls", "ps", "rm", "services")},
            "up": ("swarms.stacks", "stack deploy"),
            "list": ("swarms.stacks", "stack ls"),
            "down": ("swarms.stacks", "stack rm"),
            "remove": ("swarms.stacks", "stack rm"),
        },
    ),
    "service": (
        "Work with the services of a remote Docker's swarm",
        {
            **{v: ("swarms.services", f"service {v}") for v in (
                "inspect", "logs", "ls", "ps", "rm", "rollback", "scale")},
            "create": ("swarms.creating", "service create"),
            "update": ("swarms.updating", "service update"),
            "list": ("swarms.services", "service ls"),
            "remove": ("swarms.services", "service rm"),
        },
    ),
    "node": (
        "Work with the nodes of a remote Docker's swarm",
        {
            **{v: ("swarms.services", f"node {v}") for v in ("demote", "inspect", "ls", "promote", "ps", "update")},
            "list": ("swarms.services", "node ls"),
        },
    ),
    "config": (
        "Work with the configs of a remote Docker's swarm",
        {v: ("swarms.stacks", f"config {v}") for v in ("inspect", "ls", "rm")},
    ),
    "secret": (
        "Work with the secrets of a remote Docker's swarm",
        {v: ("swarms.stacks", f"secret {v}") for v in ("inspect", "ls", "rm")},
    ),
    "system": (
        "Work with the engine",
        {
            "df": ("system", "system df"),
            "prune": ("system", "system prune"),
            "events": ("system", "events"),
            "info": ("system", "info"),
            "dial-stdio": ("machines.dialing", "system dial-stdio"),
        },
    ),
    "gallery": (
        "Put well-known services into a project",
        {v: ("gallery", f"gallery {v}") for v in ("add", "add-source", "ls", "rm-source", "show", "sources")},
    ),
    "registry": (
        "Say how registries are reached",
        {v: ("images.registries", f"registry {v}") for v in ("ls", "set", "rm", "proxy")},
    ),
    "context": (
        "Say which machine's engine the verbs are for",
        {v: ("machines.contexts", f"context {v}") for v in (
            "create", "export", "import", "inspect", "ls", "rm", "show", "update", "use")},
    ),
    "door": (
        "Give services addresses of their own, as http://web.shop.localhost:8088",
        {v: ("door", f"door {v}") for v in ("on", "off", "status")},
    ),
    "builder": (
        "Work with the build cache",
        {"prune": ("build.building", "builder prune"), "build": ("build.building", "build")},
    ),
}  # fmt: skip


def find_command(verb: str, words: list[str]) -> tuple[Command, str] | None:
    """The command a verb names, taking a group's second word off `words`; None where there is none."""
    from importlib import import_module

    alone = verb in VERBS and not (words and not words[0].startswith("-"))
    if verb in GROUPS and not alone:
        found = GROUPS[verb][1].get(words[0]) if words else None
        if found is None:
            return None
        name = f"{verb} {words.pop(0)}"
    elif verb in VERBS:
        found, name = VERBS[verb][:2], verb
    else:
        return None
    command: Command = import_module(f"engine.cli.{found[0]}").COMMANDS[found[1]]
    return command, name
