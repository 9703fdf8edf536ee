# SPDX-License-Identifier: BSD-3-Clause
"""The shared vectors as configurations and requests of `joingate verify`."""
import json
import os
import pathlib

HERE = pathlib.Path(__file__).resolve().parent
VECTORS = pathlib.Path(os.environ.get("JG_VECTORS", HERE.parent / "vectors"))
# What travels beside the token, by the names of vectors and of requests.
BESIDE = {
    "livekit": {},
    "stream": {"api_key": "app", "user_id": "identity", "call_cid": "room"},
    "opentok": {"session_id": "room"},
    "vonage": {"session_id": "room"},
    "agora": {"service": "service", "channel": "room", "uid": "identity", "user_id": "identity"},
}


def load():
    for path in sorted(VECTORS.glob("*.jsonl")):
        for line in path.read_text(encoding="utf-8").split("\n"):
            if line:
                yield json.loads(line)


def askable(vector):
    """Can the command line ask it? What it asks counts as authenticated."""
    beside = vector.get("request", {})
    return beside.get("type", "join") == "join" or beside.get("authenticated", False)


def request(vector):
    made = {"token": vector["token"], "vendor": vector["vendor"], "now": vector["now"]}
    if vector["vendor"] == "agora":
        made["app"] = vector["app_key"]
    for theirs, ours in BESIDE[vector["vendor"]].items():
        if theirs in vector.get("request", {}):
            made[ours] = vector["request"][theirs]
    if "type" in vector.get("request", {}):
        made["type"] = vector["request"]["type"]
    return made


def config(vector):
    """The configuration of one vector: its app alone, and its state."""
    vendor, key = vector["vendor"], vector["app_key"]
    state = vector.get("state", {})
    secret = {"id": "a"}
    secret["public_key" if vendor == "vonage" else "secret"] = vector.get("secret") or vector["public_key"]
    app = {"vendor": vendor, "key": key, "secrets": [secret], "policy": dict(vector.get("policy", {}))}
    if state.get("auth_checks_disabled"):
        app["policy"]["auth_checks"] = False
    cuts = []
    if state.get("app_revoke_before") is not None:
        cuts.append({"vendor": vendor, "app": key, "scope": "app", "before": state["app_revoke_before"]})
    for user, before in (state.get("user_revoke_before") or {}).items():
        if before is not None:
            cuts.append({"vendor": vendor, "app": key, "scope": "user", "user": user, "before": before})
    return {"apps": [app], "cut_offs": cuts}


def disagreements(vector, verdict):
    """What a verdict says otherwise than the vector expects."""
    expect = vector["expect"]
    if verdict["verdict"] != expect["verdict"]:
        return [f"verdict {verdict['verdict']} ({verdict.get('reason')}), expected {expect}"]
    if expect["verdict"] == "reject":
        allowed = expect.get("reason_any") or [expect["reason"]]
        return [] if verdict["reason"] in allowed else [f"reason {verdict['reason']}, expected {allowed}"]
    names = {"grants": "capabilities", "grant_expires": "capability_expires"}
    wrong = []
    for field, value in expect.items():
        name = names.get(field, field)
        if name != "verdict" and verdict.get(name, "absent") != value:
            wrong.append(f"{name} {verdict.get(name, 'absent')!r}, expected {value!r}")
    return wrong
