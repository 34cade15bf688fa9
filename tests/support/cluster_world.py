"""A small shop in a stand-in cluster: enough of everything for the window to show."""

from __future__ import annotations

import base64
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from tests.support.api_server import StandInCluster


def _ago(**span: float) -> str:
    return (datetime.now(UTC) - timedelta(**span)).strftime("%Y-%m-%dT%H:%M:%SZ")


def pod(
    name: str, *, namespace: str = "default", waiting: str = "", restarts: int = 0, **labels: str
) -> dict[str, Any]:
    state = {"waiting": {"reason": waiting}} if waiting else {"running": {"startedAt": _ago(hours=3)}}
    return {
        "apiVersion": "v1", "kind": "Pod",
        "metadata": {"name": name, "namespace": namespace, "labels": labels, "creationTimestamp": _ago(hours=3)},
        "spec": {"nodeName": "node-a", "containers": [{"name": "app", "image": "shop/web:1.4",
                                                       "ports": [{"containerPort": 8080}]}]},
        "status": {
            "phase": "Running", "podIP": "10.1.0.7",
            "containerStatuses": [{"name": "app", "ready": not waiting, "restartCount": restarts, "state": state}],
            "conditions": [{"type": "Ready", "status": "False" if waiting else "True"}],
        },
    }  # fmt: skip


def workload(name: str, ready: int, wanted: int, image: str) -> dict[str, Any]:
    template = {"metadata": {"labels": {"app": name}}, "spec": {"containers": [{"name": "app", "image": image}]}}
    return {
        "metadata": {"name": name, "creationTimestamp": _ago(days=12)},
        "spec": {"replicas": wanted, "selector": {"matchLabels": {"app": name}}, "template": template},
        "status": {"readyReplicas": ready, "replicas": wanted, "numberReady": ready, "desiredNumberScheduled": wanted},
    }  # fmt: skip


def furnish(cluster: StandInCluster) -> None:
    for name in ("kube-system", "monitoring"):
        cluster.put("namespaces", {"metadata": {"name": name}})
    _pods(cluster)
    cluster.put("deployments", workload("shop-web", 2, 3, "shop/web:1.4"))
    cluster.put("deployments", workload("shop-worker", 0, 1, "shop/worker:1.4"))
    cluster.put("statefulsets", workload("db", 1, 1, "postgres:16"))
    cluster.put("daemonsets", workload("node-logs", 3, 3, "fluent/fluent-bit:3.1"))
    nightly = {"template": workload("nightly", 0, 0, "shop/report:1.4")["spec"]["template"]}
    cluster.put("cronjobs", {"metadata": {"name": "nightly", "creationTimestamp": _ago(days=40)},
                             "spec": {"schedule": "0 3 * * *", "jobTemplate": {"spec": nightly}}})  # fmt: skip
    cluster.put("services", {"metadata": {"name": "shop-web", "creationTimestamp": _ago(days=12)},
                             "spec": {"type": "ClusterIP", "clusterIP": "10.0.0.17", "selector": {"app": "shop-web"},
                                      "ports": [{"port": 80}, {"port": 443}]}})  # fmt: skip
    cluster.put("ingresses", {"metadata": {"name": "shop", "creationTimestamp": _ago(days=12)},
                              "spec": {"ingressClassName": "nginx", "rules": [{"host": "shop.example.org"}]},
                              "status": {"loadBalancer": {"ingress": [{"ip": "192.0.2.10"}]}}})  # fmt: skip
    cluster.put("persistentvolumeclaims", {"metadata": {"name": "db-data", "creationTimestamp": _ago(days=80)},
                                           "spec": {"storageClassName": "fast"},
                                           "status": {"phase": "Bound", "capacity": {"storage": "20Gi"}}})  # fmt: skip
    secret = {key: base64.b64encode(value).decode() for key, value in (("password", b"hunter2"), ("user", b"shop"))}
    cluster.put("secrets", {"metadata": {"name": "shop-login", "creationTimestamp": _ago(days=80)}, "type": "Opaque",
                            "data": secret})  # fmt: skip
    words = {"motto": "cheap and cheerful", "theme.css": "body { color: green }\n"}
    about = {"name": "shop-words", "creationTimestamp": _ago(days=3)}
    cluster.put("configmaps", {"metadata": about, "data": words})
    _events(cluster)


def _pods(cluster: StandInCluster) -> None:
    for number in (1, 2):
        cluster.put("pods", pod(f"shop-web-{number}", app="shop-web"))
        cluster.logs[f"shop-web-{number}", "current"] = ["listening on 8080", f"GET /cart/{number} 200"]
    cluster.put("pods", pod("shop-web-3", waiting="ContainerCreating", app="shop-web"))
    cluster.put("pods", pod("shop-worker-1", waiting="CrashLoopBackOff", restarts=17, app="shop-worker"))
    cluster.logs["shop-worker-1", "current"] = ["starting", "reading the queue"]
    cluster.logs["shop-worker-1", "previous"] = ["out of memory"]
    cluster.put("pods", pod("db-0", app="db"))
    cluster.logs["db-0", "current"] = ["database system is ready to accept connections"]
    cluster.usage = [
        {"metadata": {"name": name, "namespace": "default"},
         "containers": [{"name": "app", "usage": {"cpu": cpu, "memory": memory}}]}
        for name, cpu, memory in (("shop-web-1", "120m", "96Mi"), ("shop-web-2", "95m", "91Mi"), ("db-0", "1", "1Gi"))
    ]  # fmt: skip


def _events(cluster: StandInCluster) -> None:
    told = (
        ("e1", "Warning", "BackOff", "Back-off restarting failed container app in pod shop-worker-1", 210, 1.0),
        ("e2", "Normal", "Pulling", "Pulling image “shop/web:1.4”", 1, 4.0),
        ("e3", "Normal", "ScalingReplicaSet", "Scaled up replica set shop-web-7d9 to 3", 1, 5.0),
    )
    about = {"e1": ("Pod", "shop-worker-1"), "e2": ("Pod", "shop-web-3"), "e3": ("Deployment", "shop-web")}
    for name, kind, reason, message, count, minutes in told:
        cluster.put(
            "events",
            {
                "metadata": {"name": name}, "type": kind, "reason": reason, "message": message, "count": count,
                "lastTimestamp": _ago(minutes=minutes),
                "involvedObject": {"kind": about[name][0], "name": about[name][1]},
            },
        )  # fmt: skip


def kubeconfig(url: str) -> dict[str, Any]:
    return {
        "current-context": "shop",
        "clusters": [{"name": "c", "cluster": {"server": url}}],
        "users": [{"name": "u", "user": {"token": "good"}}],
        "contexts": [
            {"name": "shop", "context": {"cluster": "c", "user": "u", "namespace": "default"}},
            {"name": "lost", "context": {"cluster": "gone", "user": "u"}},
        ],
    }
