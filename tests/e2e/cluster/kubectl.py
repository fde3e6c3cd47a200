"""kubectl as the tests' client: the program that users type, with the messages that users see."""

import json
import subprocess
from dataclasses import dataclass
from pathlib import Path

import yaml

from cluster.processes import environment_without_proxy, wait_until

# A Kubernetes object as kubectl's JSON has it.
Object = dict


class KubectlError(AssertionError):
    """kubectl ended with another exit code than 0; `str()` is what it printed."""


@dataclass(frozen=True)
class Output:
    exit_code: int
    stdout: str
    stderr: str


class Kubectl:
    """Calls kubectl. `namespace` is the default of every call; `user` and `groups` impersonate (the kubeconfig is an admin's)."""

    def __init__(self, program: Path, kubeconfig: Path, namespace: str = "default", user: str = "", groups: tuple[str, ...] = ()):
        self.program = program
        self.kubeconfig = kubeconfig
        self.namespace = namespace
        self.user = user
        self.groups = groups

    def within(self, namespace: str) -> "Kubectl":
        return Kubectl(self.program, self.kubeconfig, namespace, self.user, self.groups)

    def impersonating(self, user: str, *groups: str) -> "Kubectl":
        return Kubectl(self.program, self.kubeconfig, self.namespace, user, groups)

    def attempt(self, *arguments: str, objects: list[Object] | None = None) -> Output:
        """Runs kubectl with `objects` on its standard input, and returns whatever came of it."""
        command = [str(self.program), f"--kubeconfig={self.kubeconfig}", f"--cache-dir={self.kubeconfig.parent / 'kubectl-cache'}"]
        if self.namespace != "default":  # named, it would forbid objects of other namespaces
            command += [f"--namespace={self.namespace}"]
        if self.user:
            command += [f"--as={self.user}"] + [f"--as-group={group}" for group in self.groups]
        done = subprocess.run(command + list(arguments), input=None if objects is None else yaml.safe_dump_all(objects), text=True,
                              capture_output=True, timeout=120, check=False, env=environment_without_proxy())
        return Output(done.returncode, done.stdout, done.stderr)

    def run(self, *arguments: str, objects: list[Object] | None = None) -> str:
        """Standard output. Errors: KubectlError."""
        output = self.attempt(*arguments, objects=objects)
        if output.exit_code != 0:
            raise KubectlError(f"kubectl {' '.join(arguments)}: exit code {output.exit_code}\n{output.stdout}{output.stderr}")
        return output.stdout

    def create(self, made: Object, *flags: str) -> Object:
        """Creates one object and returns it as stored (with `--dry-run=server`: as it would be)."""
        return json.loads(self.run("create", "-f", "-", "-o", "json", *flags, objects=[made]))

    def apply(self, *objects: Object, flags: tuple[str, ...] = ()) -> str:
        return self.run("apply", "-f", "-", *flags, objects=list(objects))

    def get(self, kind: str, name: str) -> Object:
        return json.loads(self.run("get", kind, name, "-o", "json"))

    def select(self, kind: str, *flags: str) -> list[Object]:
        return json.loads(self.run("get", kind, "-o", "json", *flags))["items"]

    def raw(self, path: str) -> str:
        return self.run("get", "--raw", path)

    def wait_for_service_account(self) -> None:
        """Until the controller manager has made the namespace's account, the API server refuses its Pods."""
        wait_until(f"the service account of {self.namespace}", lambda: self.attempt("get", "serviceaccount", "default").exit_code == 0)

    def kustomize(self, directory: Path) -> list[Object]:
        return list(yaml.safe_load_all(self.run("kustomize", str(directory))))
