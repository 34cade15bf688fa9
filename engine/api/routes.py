"""The table: every method and path, and who answers it. Paths are without the version."""

from __future__ import annotations

from engine.api.buildkit import door
from engine.api.docker import (
    absent,
    archive,
    build,
    containers,
    disk_usage,
    events,
    exec,
    images,
    networks,
    streams,
    system,
    transfers,
    volumes,
    websocket,
)
from engine.api.router import Route
from engine.api.wherry import clusters, gallery, machines, manifests, own, own_build, pods, projects, spoken, swarm

_SYSTEM = (
    Route("GET", "/_ping", system.ping),
    Route("HEAD", "/_ping", system.ping),
    Route("GET", "/version", system.version),
    Route("GET", "/info", system.info),
    Route("GET", "/system/df", disk_usage.disk_usage),
    Route("GET", "/events", events.events),
    Route("POST", "/auth", transfers.auth),
)

_CONTAINERS = (
    Route("GET", "/containers/json", containers.list_containers),
    Route("POST", "/containers/create", containers.create_container, finish=True),
    Route("POST", "/containers/prune", containers.prune, finish=True),
    Route("GET", "/containers/{id}/json", containers.inspect_container),
    Route("GET", "/containers/{id}/top", containers.top),
    Route("GET", "/containers/{id}/logs", streams.logs),
    Route("GET", "/containers/{id}/changes", containers.changes),
    Route("GET", "/containers/{id}/export", containers.export),
    Route("GET", "/containers/{id}/stats", streams.stats),
    Route("POST", "/containers/{id}/resize", containers.resize),
    Route("POST", "/containers/{id}/start", containers.start, finish=True),
    Route("POST", "/containers/{id}/stop", containers.stop, finish=True),
    Route("POST", "/containers/{id}/restart", containers.restart, finish=True),
    Route("POST", "/containers/{id}/kill", containers.kill, finish=True),
    Route("POST", "/containers/{id}/update", containers.update, finish=True),
    Route("POST", "/containers/{id}/rename", containers.rename, finish=True),
    Route("POST", "/containers/{id}/pause", containers.pause, finish=True),
    Route("POST", "/containers/{id}/unpause", containers.unpause, finish=True),
    Route("POST", "/containers/{id}/attach", streams.attach),
    Route("GET", "/containers/{id}/attach/ws", websocket.attach_by_websocket),
    Route("POST", "/containers/{id}/wait", streams.wait),
    Route("DELETE", "/containers/{id}", containers.remove, finish=True),
    Route("HEAD", "/containers/{id}/archive", archive.stat_archive),
    Route("GET", "/containers/{id}/archive", archive.get_archive),
    Route("PUT", "/containers/{id}/archive", archive.put_archive),
    Route("POST", "/containers/{id}/exec", exec.create_exec),
    Route("GET", "/containers/{id}/checkpoints", absent.no_checkpoints),
    Route("POST", "/containers/{id}/checkpoints", absent.no_checkpoints),
    Route("DELETE", "/containers/{id}/checkpoints/{checkpoint}", absent.no_checkpoints),
    Route("POST", "/exec/{id}/start", exec.start_exec),
    Route("POST", "/exec/{id}/resize", exec.resize_exec),
    Route("GET", "/exec/{id}/json", exec.inspect_exec),
    Route("POST", "/commit", images.commit, finish=True),
)

_IMAGES = (
    Route("GET", "/images/json", images.list_images),
    Route("POST", "/images/create", transfers.create_image),
    Route("POST", "/images/load", images.load),
    Route("POST", "/images/prune", images.prune, finish=True),
    Route("GET", "/images/search", images.search),
    Route("GET", "/images/get", images.save_many),
    Route("GET", "/images/{name...}/json", images.inspect_image),
    Route("GET", "/images/{name...}/history", images.history),
    Route("GET", "/images/{name...}/get", images.save_one),
    Route("POST", "/images/{name...}/push", transfers.push),
    Route("POST", "/images/{name...}/tag", images.tag, finish=True),
    Route("DELETE", "/images/{name...}", images.remove, finish=True),
    Route("POST", "/build", build.build),
    Route("POST", "/build/cancel", build.cancel),
    Route("POST", "/build/prune", build.prune_cache, finish=True),
    Route("GET", "/distribution/{name...}/json", transfers.distribution),
)

_STORES = (
    Route("GET", "/volumes", volumes.list_volumes),
    Route("POST", "/volumes/create", volumes.create_volume, finish=True),
    Route("POST", "/volumes/prune", volumes.prune, finish=True),
    Route("GET", "/volumes/{name}", volumes.inspect_volume),
    Route("PUT", "/volumes/{name}", absent.no_volume_updates),
    Route("DELETE", "/volumes/{name}", volumes.remove_volume, finish=True),
    Route("GET", "/networks", networks.list_networks),
    Route("POST", "/networks/create", networks.create_network, finish=True),
    Route("POST", "/networks/prune", networks.prune, finish=True),
    Route("GET", "/networks/{id}", networks.inspect_network),
    Route("DELETE", "/networks/{id}", networks.remove_network, finish=True),
    Route("POST", "/networks/{id}/connect", networks.connect, finish=True),
    Route("POST", "/networks/{id}/disconnect", networks.disconnect, finish=True),
)

_ABSENT = (
    Route("POST", "/grpc", door.grpc),
    Route("POST", "/session", door.session),
    Route("GET", "/plugins", absent.no_plugins),
    Route("GET", "/plugins/privileges", absent.no_plugin_changes),
    Route("GET", "/plugins/{name...}/json", absent.no_such_plugin),
    Route("POST", "/plugins/{name...}", absent.no_plugin_changes),
    Route("DELETE", "/plugins/{name...}", absent.no_such_plugin),
    *(
        Route(method, pattern, absent.no_swarm)
        for noun in ("swarm", "nodes", "services", "tasks", "secrets", "configs")
        for pattern in (f"/{noun}", f"/{noun}/{{rest...}}")
        for method in ("GET", "POST", "DELETE")
    ),
)

_OWN = (
    Route("POST", "/wherry/build", own_build.make),
    Route("POST", "/wherry/build/examine", own_build.examine),
    Route("GET", "/wherry/images/{name...}/files", own_build.files),
    Route("GET", "/wherry/images/{name...}/layout", own_build.layout),
    *(
        Route("POST", f"/wherry/clusters/{verb}", act)
        for verb, act in (
            ("contexts", clusters.contexts),
            ("kinds", clusters.kinds),
            ("get", clusters.get),
            ("differences", clusters.differences),
            ("apply", clusters.apply),
            ("delete", clusters.delete),
            ("scale", clusters.scale),
            ("restart", clusters.restart),
            ("rollout", clusters.rollout),
            ("undo", clusters.undo),
            ("usage", clusters.usage),
            ("logs", clusters.logs),
            ("exec", clusters.exec_),
            ("forward", clusters.forward),
        )
    ),
    *(
        Route("POST", f"/wherry/swarm/{verb}", act)
        for verb, act in (
            ("look", swarm.look),
            ("scale", swarm.scale),
            ("update", swarm.update),
            ("roll-back", swarm.roll_back),
            ("remove", swarm.remove),
            ("node", swarm.node),
            ("plan", swarm.plan),
            ("deploy", swarm.deploy),
        )
    ),
    Route("GET", "/wherry/clusters/forwards", clusters.forwards),
    Route("DELETE", "/wherry/clusters/forwards/{id}", clusters.stop_forward),
    Route("POST", "/wherry/manifests/plan", manifests.plan),
    Route("POST", "/wherry/manifests/plan-down", manifests.plan_down),
    Route("POST", "/wherry/manifests/play", manifests.play),
    Route("POST", "/wherry/manifests/down", manifests.down),
    Route("POST", "/wherry/manifests/generate", manifests.generate),
    Route("POST", "/wherry/manifests/images", manifests.images),
    Route("POST", "/wherry/manifests/rename", manifests.rename),
    Route("GET", "/wherry/pods", pods.list_pods),
    Route("POST", "/wherry/pods", pods.create, finish=True),
    Route("POST", "/wherry/pods/prune", pods.prune, finish=True),
    Route("GET", "/wherry/pods/{name}", pods.inspect),
    Route("DELETE", "/wherry/pods/{name}", pods.remove, finish=True),
    *(
        Route("POST", f"/wherry/pods/{{name}}/{verb}", act, finish=True)
        for verb, act in (
            ("start", pods.start),
            ("stop", pods.stop),
            ("restart", pods.restart),
            ("kill", pods.kill),
            ("pause", pods.pause),
            ("unpause", pods.unpause),
        )
    ),
    Route("GET", "/wherry/gallery", gallery.list_templates),
    Route("POST", "/wherry/gallery/fill", gallery.fill),
    Route("GET", "/wherry/gallery/sources", gallery.sources),
    Route("POST", "/wherry/gallery/sources/add", gallery.add_source),
    Route("POST", "/wherry/gallery/sources/remove", gallery.remove_source),
    Route("GET", "/wherry/gallery/template/{name}", gallery.show),
    Route("GET", "/wherry/projects", projects.list_projects),
    Route("POST", "/wherry/projects/read", projects.read),
    Route("POST", "/wherry/projects/plan", projects.plan),
    Route("POST", "/wherry/projects/plan-down", projects.plan_down),
    Route("POST", "/wherry/projects/up", projects.up),
    Route("POST", "/wherry/projects/down", projects.down),
    Route("POST", "/wherry/projects/build", projects.build),
    Route("POST", "/wherry/projects/pull", projects.pull),
    Route("POST", "/wherry/projects/watch", projects.watch),
    Route("POST", "/wherry/projects/run", projects.make_run, finish=True),
    Route("GET", "/wherry/projects/{name}/history", projects.history),
    Route("POST", "/wherry/projects/{name}/roll-back", projects.roll_back),
    Route("POST", "/wherry/machines/plan", machines.plan),
    Route("POST", "/wherry/machines/carry", machines.carry_out),
    Route("GET", "/wherry/machines/bringable", machines.bringable),
    Route("GET", "/wherry/facade", spoken.spoken_methods),
    Route("GET", "/wherry/facade/watch", spoken.watch),
    Route("GET", "/wherry/facade/events", spoken.event_log),
    Route("POST", "/wherry/facade/{room}/{method}", spoken.speak),
    Route("GET", "/wherry/owner", own.owner),
    Route("POST", "/wherry/release", own.release),
    Route("GET", "/wherry/doctor", own.doctor),
    Route("POST", "/wherry/store", own.check_store),
    Route("GET", "/wherry/networks/reach", own.reach),
    Route("GET", "/wherry/networks/watch", own.watch_names),
    Route("GET", "/wherry/door", own.door),
    Route("PUT", "/wherry/door", own.set_door, finish=True),
    Route("GET", "/wherry/logins", own.logins),
    Route("POST", "/wherry/logins", own.keep_login),
    Route("DELETE", "/wherry/logins", own.logout),
    Route("GET", "/wherry/registries", own.registries),
    Route("PUT", "/wherry/registries/{host}", own.set_registry, finish=True),
    Route("DELETE", "/wherry/registries/{host}", own.forget_registry, finish=True),
    Route("PUT", "/wherry/proxy", own.set_proxies, finish=True),
    Route("GET", "/wherry/operations", own.operations),
    Route("DELETE", "/wherry/operations/{id}", own.cancel_operation),
    Route("GET", "/wherry/containers/{id}/death", own.death_report),
)

ROUTES = (*_SYSTEM, *_CONTAINERS, *_IMAGES, *_STORES, *_ABSENT, *_OWN)
