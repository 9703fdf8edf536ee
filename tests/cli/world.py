# SPDX-License-Identifier: BSD-3-Clause
"""A configuration with an app of each vendor, and joingate's commands as functions."""
import json
import os
import subprocess

NOW = 1800000000
SESSION = "1_MX40NzMwMTEyMn4xMjcuMC4wLjF-VGh1IEphbiAxNCAyMDI3IDA4OjAxOjAwfjAuNDgyOTEzMX4"
AGORA = "3f1c9a7e5b2d4860a1b2c3d4e5f60718"
VONAGE = "5b6c7d8e-1f20-4a3b-8c4d-5e6f708192a3"
SECRETS = ["hush-livekit", "hush-retired", "hush-other", "hush-stream", "hush-opentok",
           "9e8d7c6b5a493827160f1e2d3c4b5a69"]


def config(vonage=None):
    """vonage: (public, private) PEM."""
    apps = [
        {"vendor": "livekit", "key": "APIx", "secrets": [
            {"id": "a", "secret": SECRETS[0]}, {"id": "old", "secret": SECRETS[1], "status": "retired"}]},
        {"vendor": "livekit", "key": "APIy", "secrets": [{"id": "a", "secret": SECRETS[2]}]},
        {"vendor": "stream", "key": "q", "secrets": [{"id": "a", "secret": SECRETS[3]}]},
        {"vendor": "opentok", "key": "47301122", "secrets": [{"id": "a", "secret": SECRETS[4]}]},
        {"vendor": "agora", "key": AGORA, "secrets": [{"id": "a", "secret": SECRETS[5]}]},
    ]
    if vonage:
        apps.append({"vendor": "vonage", "key": VONAGE, "secrets": [
            {"id": "a", "public_key": vonage[0], "private_key": vonage[1]}]})
    return {"apps": apps}


def rsa_pair(folder):
    private = os.path.join(folder, "private.pem")
    subprocess.run(["openssl", "genrsa", "-out", private, "2048"], check=True, capture_output=True)
    public = subprocess.run(["openssl", "rsa", "-in", private, "-pubout"], check=True, capture_output=True, text=True)
    with open(private, encoding="ascii") as pem:
        return public.stdout, pem.read()


def write(folder, content, name="joingate.json"):
    path = os.path.join(folder, name)
    with open(os.open(path, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600), "w", encoding="utf-8") as out:
        json.dump(content, out)
    return path


def run(joingate, *words, text=""):
    return subprocess.run([joingate, *words], input=text, capture_output=True, text=True, encoding="utf-8",
                          check=False)


def mint(joingate, path, orders, now=NOW):
    done = run(joingate, "mint", "--config", path, "--now", str(now), text="".join(json.dumps(o) + "\n" for o in orders))
    assert done.returncode == 0, done.stderr
    return [json.loads(line)["token"] for line in done.stdout.split("\n") if line]


def verify(joingate, path, requests, now=NOW):
    done = run(joingate, "verify", "--all", "--config", path, "--now", str(now),
               text="".join(json.dumps(r) + "\n" for r in requests))
    assert done.returncode in (0, 1), done.stderr
    return [json.loads(line) for line in done.stdout.split("\n") if line]
