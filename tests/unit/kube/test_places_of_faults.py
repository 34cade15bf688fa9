"""Every fault and every remark of a manifest stands at its place: where, what about, and whether it may stay."""

from __future__ import annotations

import textwrap

import pytest

from engine.compose.faults import ComposeError, Problem
from engine.kube.wanted import Wishes, read_wanted

MAPS = """
---
apiVersion: v1
kind: ConfigMap
metadata: {name: words}
data: {greeting: hello, sub.conf: x}
---
apiVersion: v1
kind: Secret
metadata: {name: key}
stringData: {user: me}
"""


def pod(container: str = "", spec: str = "") -> str:
    inside = textwrap.indent(textwrap.dedent(container).strip("\n"), "    ")
    around = textwrap.indent(textwrap.dedent(spec).strip("\n"), "  ")
    head = "apiVersion: v1\nkind: Pod\nmetadata: {name: web, labels: {app: web}}\nspec:\n"
    return f"{head}{around}\n  containers:\n  - name: app\n    image: busybox\n{inside}\n"


def job(spec: str) -> str:
    return (
        f"apiVersion: batch/v1\nkind: Job\nmetadata: {{name: once}}\nspec:\n  {spec}\n"
        "  template: {spec: {containers: [{name: app, image: busybox}]}}\n"
    )


def service(spec: str) -> str:
    return f"---\napiVersion: v1\nkind: Service\nmetadata: {{name: shop}}\nspec: {spec}\n"


def said(text: str, **wishes: int) -> list[Problem]:
    try:
        return list(read_wanted({"web.yaml": text}, Wishes(**wishes)).problems)
    except ComposeError as error:
        return list(error.problems)


CONTAINER = "spec.containers.0"
FAULTS = [
    # one container
    (pod("ports: [{containerPort: 0}]"), f"{CONTAINER}.ports.0.containerPort", "from 1 to 65535"),
    (pod("ports: [{containerPort: 65536}]"), f"{CONTAINER}.ports.0.containerPort", "from 1 to 65535"),
    (pod("ports: [80]"), f"{CONTAINER}.ports.0", "a mapping must"),
    (pod("ports: [{containerPort: 80, hostPorts: 1}]"), f"{CONTAINER}.ports.0.hostPorts", "did you mean “hostPort”"),
    (pod("tty: 1"), f"{CONTAINER}.tty", "true or false must stand here, not 1"),
    (pod("workingDir: 1"), f"{CONTAINER}.workingDir", "a text must stand here, not 1"),
    (pod("ports: {}"), f"{CONTAINER}.ports", "a list must stand here"),
    (pod("securityContext: []"), f"{CONTAINER}.securityContext", "a mapping must stand here"),
    (pod("securityContext: {runAsUser: true}"), f"{CONTAINER}.securityContext.runAsUser", "a whole number"),
    (pod("command: [a, 5]"), f"{CONTAINER}.command.1", "not 5: write it in quotes"),
    (pod("resources: {limits: {cpu: lots}}"), f"{CONTAINER}.resources.limits.cpu", "“lots” is no amount (write it"),
    (pod("resources: {requests: {memory: 1Zi}}"), f"{CONTAINER}.resources.requests.memory", "“1Zi” is no amount"),
    (pod("resources: {limit: {}}"), f"{CONTAINER}.resources.limit", "did you mean “limits”"),
    (pod("securityContext: {capabilities: {ad: [X]}}"), f"{CONTAINER}.securityContext.capabilities.ad", "mean “add”"),
    (pod("imagePullPolicy: Sometimes"), f"{CONTAINER}.imagePullPolicy", "“Sometimes” (Always, IfNotPresent or Never"),
    # probes
    (pod("livenessProbe: {periodSeconds: 5}"), f"{CONTAINER}.livenessProbe", "nowhere how to ask"),
    (pod("livenessProbe: {httpGet: {port: www}}"), f"{CONTAINER}.livenessProbe.httpGet.port", "is called “www”"),
    (pod("readinessProbe: {httpGet: {port: 1, pat: /}}"), f"{CONTAINER}.readinessProbe.httpGet.pat", "“path”"),
    (pod("livenessProbe: {exec: {command: [a]}, period: 1}"), f"{CONTAINER}.livenessProbe.period", "no field “period”"),
    (pod("livenessProbe: {exec: {command: [a]}}\nstartupProbe: {exe: {}}"), f"{CONTAINER}.startupProbe.exe", "“exec”"),
    # variables
    (pod("env: [{value: x}]"), f"{CONTAINER}.env.0", "“name” is missing here"),
    (pod("env: [{name: A, val: x}]"), f"{CONTAINER}.env.0.val", "did you mean “value”"),
    (pod("env: [{name: A, valueFrom: {}}]"), f"{CONTAINER}.env.0.valueFrom", "nowhere from what"),
    (pod("env: [{name: A, valueFrom: {fieldRef: {fieldPath: metadata.name}, file: {}}}]"),
     f"{CONTAINER}.env.0.valueFrom.file", "no field “file”"),
    (pod("env: [{name: A, valueFrom: {fieldRef: {fieldPath: spec.x}}}]"),
     f"{CONTAINER}.env.0.valueFrom.fieldRef.fieldPath", "“spec.x” cannot be told"),
    (pod("env: [{name: A, valueFrom: {secretKeyRef: {name: kee, key: user}}}]") + MAPS,
     f"{CONTAINER}.env.0.valueFrom.secretKeyRef.name", "no Secret “kee” in these files (did you mean “key”"),
    (pod("env: [{name: A, valueFrom: {configMapKeyRef: {name: words, key: greetin}}}]") + MAPS,
     f"{CONTAINER}.env.0.valueFrom.configMapKeyRef.key", "ConfigMap has no key “greetin” (did you mean “greeting”"),
    (pod("envFrom: [{configMapRef: {name: word}}]") + MAPS, f"{CONTAINER}.envFrom.0.configMapRef.name", "mean “words”"),
    (pod("envFrom: [{configMap: {name: word}}]"), f"{CONTAINER}.envFrom.0.configMap", "mean “configMapRef”"),
    # volumes
    (pod("volumeMounts: [{name: dat, mountPath: /d}]", "volumes: [{name: data}]"),
     f"{CONTAINER}.volumeMounts.0.name", "no volume “dat” (did you mean “data”"),
    (pod("volumeMounts: [{name: d, mountPath: /d, subPath: ../x}]", "volumes: [{name: d}]"),
     f"{CONTAINER}.volumeMounts.0.subPath", "“../x” leads out"),
    (pod("volumeMounts: [{name: d, mountPath: /d, subPath: /x}]", "volumes: [{name: d}]"),
     f"{CONTAINER}.volumeMounts.0.subPath", "“/x” leads out"),
    (pod("volumeMounts: [{name: d, mountPath: /d, subPath: greet}]", "volumes: [{name: d, configMap: {name: words}}]")
     + MAPS, f"{CONTAINER}.volumeMounts.0.subPath", "no “greet” in the volume (did you mean “greeting”"),
    (pod("volumeMounts: [{name: d, mountPath: /d, subpath: x}]", "volumes: [{name: d}]"),
     f"{CONTAINER}.volumeMounts.0.subpath", "mean “subPath”"),
    (pod("volumeMounts: [{name: d}]", "volumes: [{name: d}]"), f"{CONTAINER}.volumeMounts.0", "“mountPath” is missing"),
    (pod("", "volumes: [{name: d, emptyDr: {}}]"), "spec.volumes.0.emptyDr", "mean “emptyDir”"),
    (pod("", "volumes: [{name: d, emptyDir: {size: 1}}]"), "spec.volumes.0.emptyDir.size", "mean “sizeLimit”"),
    (pod("", "volumes: [{name: d, emptyDir: {medium: Memory, sizeLimit: big}}]"),
     "spec.volumes.0.emptyDir.sizeLimit", "no amount (write it like 64Mi"),
    (pod("", "volumes: [{name: d, hostPath: {path: srv}}]"), "spec.volumes.0.hostPath.path", "“srv” is no absolute"),
    (pod("", "volumes: [{name: d, hostPath: {path: /srv, kind: x}}]"), "spec.volumes.0.hostPath.kind", "no field"),
    (pod("", "volumes: [{name: d, persistentVolumeClaim: {}}]"), "spec.volumes.0.persistentVolumeClaim", "“claimName”"),
    (pod("", "volumes: [{name: d, projected: {source: []}}]"), "spec.volumes.0.projected.source", "mean “sources”"),
    (pod("", "volumes: [{name: d, projected: {sources: [{secrets: {}}]}}]"),
     "spec.volumes.0.projected.sources.0.secrets", "mean “secret”"),
    (pod("", "volumes: [{name: d, secret: {secretName: key, mode: 1}}]") + MAPS,
     "spec.volumes.0.secret.mode", "no field “mode”"),
    (pod("", "volumes: [{name: d, secret: {}}]"), "spec.volumes.0.secret", "“name” is missing"),
    (pod("", "volumes: [{name: d, configMap: {name: words, items: [{key: greetin, path: a}]}}]") + MAPS,
     "spec.volumes.0.configMap.items.0.key", "no key “greetin” in it (did you mean “greeting”"),
    (pod("", "volumes: [{name: d, configMap: {name: words, items: [{key: greeting, path: /a}]}}]") + MAPS,
     "spec.volumes.0.configMap.items.0.path", "“/a” leads out"),
    (pod("", "volumes: [{name: d, configMap: {name: words, items: [{key: greeting, pat: a, path: a}]}}]") + MAPS,
     "spec.volumes.0.configMap.items.0.pat", "mean “path”"),
    (pod("", "volumes: [{name: d, downwardAPI: {items: [{path: a, fieldRef: {fieldPath: spec.x}}]}}]"),
     "spec.volumes.0.downwardAPI.items.0.fieldRef", "cannot be told"),
    (pod("", "volumes: [{name: d, downwardAPI: {items: [{path: ../a, fieldRef: {fieldPath: metadata.name}}]}}]"),
     "spec.volumes.0.downwardAPI.items.0.path", "“../a” leads out"),
    (pod("", "volumes: [{name: d, downwardAPI: {items: [{path: a, fieldref: {}}]}}]"),
     "spec.volumes.0.downwardAPI.items.0.fieldref", "mean “fieldRef”"),
    # a pod
    (pod("", "restartPolicy: Nevr"), "spec.restartPolicy", "no policy “Nevr” (did you mean “Never”"),
    (pod("", "hostNam: x"), "spec.hostNam", "mean “hostname”"),
    (pod("", "dnsConfig: {nameserver: [x]}"), "spec.dnsConfig.nameserver", "mean “nameservers”"),
    (pod("", "dnsConfig: {options: [{value: x}]}"), "spec.dnsConfig.options.0", "“name” is missing"),
    (pod("", "hostAliases: [{hostnames: [a]}]"), "spec.hostAliases.0", "“ip” is missing"),
    ("apiVersion: v1\nkind: Pod\nmetadata: {name: web}\nspec: {}", "spec.containers", "needs a container"),
    ("apiVersion: v1\nkind: Pod\nmetadata: {name: web}\nspec: {containers: [{image: x}]}", CONTAINER, "“name” is"),
    # objects
    ("[]", "", "a mapping with apiVersion, kind and metadata"),
    ("apiVersion: v1\nmetadata: {name: a}", "", "“kind” is missing here"),
    ("apiVersion: v1\nkind: CronJob\nmetadata: {name: a}", "kind", "a CronJob runs by the clock"),
    ("apiVersion: v1\nkind: Deploymnt\nmetadata: {name: a}", "kind", "“Deploymnt” here (did you mean “Deployment”"),
    ("apiVersion: v1\nkind: List\nitems: [{apiVersion: v1, kind: Sevice}]", "items.0.kind", "mean “Service”"),
    ("apiVersion: v1\nkind: PodList\nitems: [{apiVersion: v1, kind: Sevice}]", "items.0.kind", "mean “Service”"),
    ("apiVersion: v1\nkind: Secret\nmetadata: {name: a}\ndata: {b: '?'}", "data.b", "not base64 (write it under"),
    ("apiVersion: v1\nkind: ConfigMap\nmetadata: {name: a}\nbinaryData: {b: '?'}", "binaryData.b", "not base64"),
    ("apiVersion: v1\nkind: ConfigMap\nmetadata: {name: a}\ndata: {b: 5}", "data.b", "a text must stand here, not 5"),
    ("apiVersion: v1\nkind: ConfigMap\nmetadata: {nam: a}", "metadata", "“name” is missing here"),
    ("apiVersion: v1\nkind: ConfigMap\nmetadata: {name: a}\ndat: {}", "dat", "mean “data”"),
    # workloads
    ("apiVersion: apps/v1\nkind: Deployment\nmetadata: {name: a}\nspec: {}", "spec", "“spec.template.spec” is missing"),
    ("apiVersion: apps/v1\nkind: Deployment\nmetadata: {name: a}\nspec: {replicas: 101, template: "
     "{spec: {containers: [{name: b, image: c}]}}}", "spec.replicas", "100 at most"),
    ("apiVersion: apps/v1\nkind: StatefulSet\nmetadata: {name: a}\nspec: {volumeClaimTemplates: [{metadata: {}}], "
     "template: {spec: {containers: [{name: b, image: c}]}}}", "spec.volumeClaimTemplates.0.metadata", "“name” is"),
    ("apiVersion: v1\nkind: Pod\nmetadata: {name: a-pod}\nspec: {containers: [{name: x, image: y}]}\n---\n"
     "apiVersion: apps/v1\nkind: Deployment\nmetadata: {name: a}\n"
     "spec: {template: {spec: {containers: [{name: b, image: c}]}}}", "metadata.name", "“a-pod” is there twice"),
    # services
    (pod() + service("{selector: {app: web}, port: [{port: 80}]}"), "spec.port", "mean “ports”"),
    (pod() + service("{selector: {app: web}, ports: [{port: 80, target: 80}]}"), "spec.ports.0.target", "no field"),
    (pod() + service("{type: NodePort, selector: {app: web}, ports: [{port: 80, targetPort: www}]}"),
     "spec.ports.0.targetPort", "no port of the pod is called “www”"),
]  # fmt: skip

LEFT = [
    (pod("ports: [{containerPort: 80, protocol: SCTP}]"), f"{CONTAINER}.ports.0.protocol", "SCTP is not forwarded"),
    (pod("resources: {limits: {nvidia.com/gpu: 1}}"), f"{CONTAINER}.resources.limits.nvidia.com/gpu", "gives it out"),
    (pod("resources: {requests: {disk: 1}}"), f"{CONTAINER}.resources.requests.disk", "gives it out"),
    (pod("resources: {claims: [{name: x}]}"), f"{CONTAINER}.resources.claims", "claims are a matter"),
    (pod("securityContext: {seccompProfile: {type: Localhost}}"),
     f"{CONTAINER}.securityContext.seccompProfile", "node"),
    (pod("", "securityContext: {seccompProfile: {type: Localhost}}"),
     f"{CONTAINER}.securityContext.seccompProfile", ""),
    (pod("securityContext: {seLinuxOptions: {user: x}}"), f"{CONTAINER}.securityContext.seLinuxOptions", "not set"),
    (pod("securityContext: {windowsOptions: {a: x}}"), f"{CONTAINER}.securityContext.windowsOptions", "for Windows"),
    (pod("securityContext: {appArmorProfile: {a: x}}"), f"{CONTAINER}.securityContext.appArmorProfile", "not set"),
    (pod("lifecycle: {preStop: {}}"), f"{CONTAINER}.lifecycle", "the hooks do not run"),
    (pod("livenessProbe: {grpc: {port: 5}}"), f"{CONTAINER}.livenessProbe.grpc", "no more than whether it listens"),
    (pod("livenessProbe: {exec: {command: [a]}}\nreadinessProbe: {exec: {command: [b]}}"),
     f"{CONTAINER}.readinessProbe", "one health check"),
    (pod("livenessProbe: {exec: {command: [a]}, terminationGracePeriodSeconds: 5}"),
     f"{CONTAINER}.livenessProbe.terminationGracePeriodSeconds", "container's own"),
    (pod("livenessProbe: {exec: {command: [a]}}\nstartupProbe: {exec: {}, terminationGracePeriodSeconds: 5}"),
     f"{CONTAINER}.startupProbe.terminationGracePeriodSeconds", "container's own"),
    (pod("volumeMounts: [{name: d, mountPath: /d, subPathExpr: x}]", "volumes: [{name: d}]"),
     f"{CONTAINER}.volumeMounts.0.subPathExpr", "not filled in"),
    (pod("volumeMounts: [{name: d, mountPath: /d, recursiveReadOnly: Enabled}]", "volumes: [{name: d}]"),
     f"{CONTAINER}.volumeMounts.0.recursiveReadOnly", "goes without saying"),
    (pod("", "volumes: [{name: d, ephemeral: {a: b}}]"), "spec.volumes.0.ephemeral", "cluster's own"),
    (pod("", "volumes: [{name: d, csi: {a: b}}]"), "spec.volumes.0.csi", "needs a driver"),
    (pod("", "volumes: [{name: d, hostPath: {path: /a, type: FileOrCreate}}]"), "spec.volumes.0.hostPath.type", "not"),
    (pod("", "volumes: [{name: d, projected: {sources: [{serviceAccountToken: {path: a}}]}}]"),
     "spec.volumes.0.projected.sources.0.serviceAccountToken", "cluster's own"),
    (pod("", "volumes: [{name: d, projected: {sources: [{clusterTrustBundle: {path: a}}]}}]"),
     "spec.volumes.0.projected.sources.0.clusterTrustBundle", "cluster's own"),
    (pod("", "volumes: [{name: d, downwardAPI: {items: [{path: a, resourceFieldRef: {resource: x}}]}}]"),
     "spec.volumes.0.downwardAPI.items.0.resourceFieldRef", "not told"),
    (pod("", "shareProcessNamespace: true"), "spec.shareProcessNamespace", "its own processes"),
    (job("parallelism: 2"), "spec.parallelism", "runs once"),
    (job("completions: 3"), "spec.completions", "runs once"),
    ("apiVersion: v1\nkind: Namespace\nmetadata: {name: a}", "kind", "a Namespace is a cluster's own"),
    (pod() + service("{selector: {app: other}, ports: []}"), "spec.selector", "selects no pod"),
    (pod() + service("{selector: {}, ports: []}"), "spec.selector", "selects no pod"),
    (pod() + service("{type: ExternalName, externalName: a.b}"), "spec.type", "left alone"),
    (pod() + service("{selector: {app: web}, sessionAffinity: ClientIP}"), "spec.sessionAffinity", "of clusters"),
    (pod() + service("{selector: {app: web}, ports: [{port: 80, targetPort: 8080}]}"), "spec.ports.0.port", "at 8080"),
]  # fmt: skip


def place(problem: Problem) -> str:
    return ".".join(map(str, problem.path))


@pytest.mark.parametrize(("text", "where", "words"), FAULTS)
def test_a_fault_stands_at_its_place(text: str, where: str, words: str) -> None:
    found = said(text)
    (fault,) = [each for each in found if not each.warning]
    assert (place(fault), words in str(fault)) == (where, True), str(fault)
    assert fault.mark is not None
    assert fault.mark.file == "web.yaml"


@pytest.mark.parametrize(("text", "where", "words"), LEFT)
def test_what_is_left_alone_is_a_remark_at_its_place(text: str, where: str, words: str) -> None:
    (remark,) = said(text)
    assert (place(remark), remark.warning, words in str(remark)) == (where, True, True), str(remark)


@pytest.mark.parametrize(
    "text",
    [
        pod("ports: [{containerPort: 1}, {containerPort: 65535, protocol: UDP}]"),
        pod("resources: {limits: {ephemeral-storage: 1Gi, hugepages-2Mi: 4Mi}, requests: {cpu: 1, memory: 1}}"),
        pod("lifecycle: {}\nvolumeDevices: []"),
        pod("terminationMessagePath: /x\nterminationMessagePolicy: File"),
        pod("", "nodeSelector: {a: b}\ntolerations: [{key: x}]\nshareProcessNamespace: false"),
        pod("securityContext: {runAsNonRoot: true, seccompProfile: {type: RuntimeDefault}}"),
        pod("volumeMounts: [{name: d, mountPath: /d, subPath: sub.conf}]",
            "volumes: [{name: d, configMap: {name: words}}]") + MAPS,
        pod("", "volumes: [{name: d, secret: {secretName: none, optional: true}}]"),
        pod("env: [{name: A, valueFrom: {configMapKeyRef: {name: words, key: no, optional: true}}}]") + MAPS,
        pod() + service("{selector: {app: web}, ports: [{name: a, port: 80, targetPort: 80, appProtocol: http}]}"),
        pod() + service("{type: NodePort, selector: {app: web}, ports: [{port: 80, targetPort: 8080}]}"),
        job("parallelism: 1\n  completions: 1"),
        "apiVersion: v1\nkind: ConfigMap\nmetadata: {name: a}\nimmutable: true",
    ],
)  # fmt: skip
def test_of_what_is_right_nothing_is_said(text: str) -> None:
    assert said(text) == []


def test_everything_wrong_is_said_at_once_each_once_and_remarks_last() -> None:
    text = pod("tty: 5\nlifecycle: {preStop: {}}\ncomand: [x]", "hostNam: a") + "---\nkind: Ingress\n"
    found = said(text)
    assert [place(each) for each in found] == [
        "spec.hostNam", f"{CONTAINER}.comand", f"{CONTAINER}.tty", "kind", f"{CONTAINER}.lifecycle",
    ]  # fmt: skip
    with pytest.raises(ComposeError) as nothing:
        read_wanted({"a.yaml": "", "b.yaml": "---\n"})
    assert "no object in a.yaml, b.yaml" in str(nothing.value)
    many = job("selector: {}").replace("Job", "ReplicaSet")
    assert said(many, replicas=100) == []
    assert [place(each) for each in said(many, replicas=101)] == ["spec.replicas"]
