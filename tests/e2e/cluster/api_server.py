"""What the API server itself says about webhooks: its metrics, and its audit log."""

import json
import re
from collections import Counter
from dataclasses import dataclass
from pathlib import Path

from cluster.kubectl import Kubectl

_SAMPLE = re.compile(r"^(\w+)\{(.*)\} (\S+)$", re.MULTILINE)
_LABEL = re.compile(r'(\w+)="((?:[^"\\]|\\.)*)"')
_WEBHOOK_ANNOTATION = re.compile(r"(patch|mutation)\.webhook\.admission\.k8s\.io/round_(\d+)_index_(\d+)")


class WebhookMetrics:
    """Counters of the API server about one webhook, by its name. They only grow: compare two readings."""

    def __init__(self, kubectl: Kubectl, webhook: str):
        self._kubectl = kubectl
        self._webhook = webhook

    def calls(self, code: str = "") -> int:
        """Calls that were made; with `code` those answered with that HTTP status ("600": no answer at all)."""
        return self._sum("apiserver_admission_webhook_request_total", {"code": code} if code else {})

    def excluded(self) -> int:
        """Objects that matched the rules and were kept back by matchConditions."""
        return self._sum("apiserver_admission_match_condition_exclusions_total")

    def condition_errors(self) -> int:
        return self._sum("apiserver_admission_match_condition_evaluation_errors_total")

    def failed_open(self) -> int:
        """Calls that failed and were ignored, as failurePolicy: Ignore says."""
        return self._sum("apiserver_admission_webhook_fail_open_count")

    def _sum(self, metric: str, labels: dict[str, str] | None = None) -> int:
        wanted = {"name": self._webhook} | (labels or {})
        samples = ((dict(_LABEL.findall(text)), value) for name, text, value in _SAMPLE.findall(self._kubectl.raw("/metrics"))
                   if name == metric)
        return sum(int(float(value)) for found, value in samples if wanted.items() <= found.items())


@dataclass(frozen=True)
class WebhookCall:
    """One call of a mutating webhook, as the API server's audit log has it."""

    round: int  # 0, or 1 when the webhook was invoked again
    configuration: str
    webhook: str
    mutated: bool
    patch: list[dict]  # RFC 6902; empty when it did not patch


class AuditLog:
    """The API server's audit log: creations, updates and patches of Pods and Jobs, at level Request."""

    def __init__(self, path: Path):
        self._path = path

    def events(self, namespace: str, resource: str, verb: str = "create") -> list[dict]:
        lines = self._path.read_text(encoding="utf-8").splitlines()
        found = []
        for event in map(json.loads, lines):
            target = event.get("objectRef", {})
            if event["verb"] == verb and target.get("namespace") == namespace and target.get("resource") == resource:
                if "subresource" not in target:
                    found.append(event)
        return found

    @staticmethod
    def webhook_calls(event: dict) -> list[WebhookCall]:
        """The mutating webhooks that were called for the request of `event`, in their order."""
        calls: dict[tuple[int, int], dict] = {}
        for key, value in event.get("annotations", {}).items():
            match = _WEBHOOK_ANNOTATION.fullmatch(key)
            if match:
                calls.setdefault((int(match[2]), int(match[3])), {}).update(json.loads(value))
        return [WebhookCall(round_, call["configuration"], call["webhook"], call["mutated"], call.get("patch", []))
                for (round_, _), call in sorted(calls.items())]

    @staticmethod
    def reviews(event: dict, webhook: str) -> dict[str, str]:
        """The uids of the reviews that Plimsoll answered for the request of `event`, each with its verdict. (What the API server says of
        its own is numbered by calls and names no uid.)"""
        prefix = f"{webhook}/review."
        return {key.removeprefix(prefix): value for key, value in event.get("annotations", {}).items() if key.startswith(prefix)}


def tally(calls: list[WebhookCall]) -> Counter:
    """How often each webhook was called."""
    return Counter(call.webhook for call in calls)
