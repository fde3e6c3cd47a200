"""The commands beside `serve`: exit codes, inputs, outputs. What they decide is tested by the goldens."""

import json
import os
import subprocess

import pytest
import yaml

import json_patch
import reviews
from program import POLICY, PROGRAM, ROOT, environment, run
from reviews import ESTIMATE, estimates, make_job, make_pod

GOLDENS = ROOT / "tests" / "golden" / "mutate" / "seeds"
GOOD, BAD = make_job(), make_job(estimates(memory="8"), name="bad")
OTHER = {"apiVersion": "v1", "kind": "ConfigMap", "metadata": {"name": "settings"}, "data": {"key": "value"}}


def encode(*objects: dict) -> bytes:
    return yaml.safe_dump_all(objects, sort_keys=False).encode()


def mutate(*objects: dict, output: str = "yaml", **options):
    return run("mutate", "-f", "-", "-o", output, "--policy", POLICY, stdin=encode(*objects), **options)


def requests(job: dict) -> dict:
    return job["spec"]["template"]["spec"]["containers"][0]["resources"]["requests"]


# Arguments, standard input, exit code, and what is said in which stream.
EXITS = {
    "no command": ((), b"", 2, "err", "Usage: plimsoll"),
    "help": (("--help",), b"", 0, "out", "Usage: plimsoll"),
    "help of a command": (("mutate", "--help"), b"", 0, "out", "Usage: plimsoll mutate"),
    "version": (("--version",), b"", 0, "out", "plimsoll 0."),
    "a mistyped command": (("mutat",), b"", 2, "err", 'did you mean "mutate"?'),
    "no command at all": (("frobnicate",), b"", 2, "err", '"frobnicate" is no command'),
    "an unknown flag": (("mutate", "-f", "-", "--frob"), b"", 2, "err", "--frob"),
    "no file": (("mutate",), b"", 2, "err", "--filename"),
    "a file that is not there": (("mutate", "-f", "missing.yaml"), b"", 2, "err", "missing.yaml: cannot be read: No such file or directory"),
    "a format that is none": (("mutate", "-f", "-", "-o", "xml"), b"", 2, "err", "xml"),
    "a policy that is not there": (("mutate", "-f", "-", "--policy", "missing.yaml"), encode(GOOD), 2, "err", "missing.yaml: cannot be read"),
    "a time that is none": (("mutate", "-f", "-", "--now", "noon"), encode(GOOD), 2, "err", "noon"),
    "no YAML": (("mutate", "-f", "-"), b"{", 2, "err", "<stdin>:"),
    "no object": (("mutate", "-f", "-"), b"just words\n", 2, "err", "<stdin>"),
    "binary": (("mutate", "-f", "-"), bytes(range(256)), 2, "err", "<stdin>"),
    "allowed and changed": (("mutate", "-f", "-"), encode(GOOD), 0, "out", "memory: 5Gi"),
    "allowed and not changed": (("mutate", "-f", "-"), encode(OTHER), 0, "out", "kind: ConfigMap"),
    "refused": (("mutate", "-f", "-"), encode(BAD), 3, "err", 'did you mean "8Gi"?'),
    "a batch script": (("import", "-"), b"#SBATCH --mem=4G\n", 0, "out", "estimate.plimsoll.dev/memory: 4Gi  # line 1: --mem=4G\n"),
    "a batch script by its flag": (("import", "-f", "-"), b"#PBS -l ncpus=2\n", 0, "out", 'estimate.plimsoll.dev/cpu: "2"'),
    "a script that asks for nothing": (("import", "-"), b"echo\n", 2, "err", "<stdin>:1:1: there is no #SBATCH or #PBS directive"),
    "no script at all": (("import", "-"), bytes(range(256)) * 100, 2, "err", "<stdin>:1:1: "),
    "a good policy": (("check", str(POLICY)), b"", 0, "out", ": ok\n"),
    "a bad policy": (("check", "-"), b"kind: Polcy\n", 2, "out", "<stdin>:1:"),
    "a policy that is not there to check": (("check", "missing.yaml"), b"", 2, "out", "missing.yaml: cannot be read"),
    "goldens": (("test", str(GOLDENS)), b"", 0, "out", "passed"),
    "no goldens": (("test", str(ROOT / "manifests")), b"", 2, "err", "manifests"),
}


@pytest.mark.parametrize("name", EXITS)
def test_exit_codes(name):
    arguments, stdin, code, stream, want = EXITS[name]
    done = run(*arguments, stdin=stdin)
    assert done.returncode == code, done.stderr
    assert want in (done.stdout if stream == "out" else done.stderr)
    assert "\x1b" not in done.stdout + done.stderr, "colours are for terminals"


def test_a_failed_golden_exits_with_1(tmp_path):
    (tmp_path / "case").mkdir()
    (tmp_path / "case" / "input.yaml").write_bytes(b"# a case\n" + encode(GOOD))
    (tmp_path / "case" / "expected.yaml").write_bytes(encode(GOOD, {"verdict": "Unchanged"}))
    assert run("test", tmp_path).returncode == 1


def test_of_several_inputs_the_worst_counts(tmp_path):
    (tmp_path / "good.yaml").write_bytes(encode(GOOD))
    (tmp_path / "bad.yaml").write_bytes(encode(BAD))
    for files, code in ((("good.yaml",), 0), (("good.yaml", "bad.yaml"), 3), (("bad.yaml", "missing.yaml", "good.yaml"), 2)):
        done = run("mutate", *(word for file in files for word in ("-f", file)), cwd=tmp_path)
        assert done.returncode == code
        assert "memory: 5Gi" in done.stdout or code == 0 or "good.yaml" in files


def test_each_output_can_be_read():
    one = json.loads(mutate(GOOD, output="json").stdout)
    assert requests(one) == {"cpu": "2", "memory": "5Gi"}
    assert yaml.safe_load(mutate(GOOD).stdout) == one
    [patch] = [json.loads(line) for line in mutate(GOOD, output="patch").stdout.splitlines()]
    assert json_patch.apply(json.loads(json.dumps(GOOD)), patch) == one
    assert mutate(GOOD, output="diff").stdout.count("\n+") > 5
    assert "estimate 4Gi x 1.25 (medium confidence) = 5Gi" in mutate(GOOD, output="explain").stdout


def test_each_output_of_several_objects_can_be_read():
    several = (GOOD, OTHER, make_pod())
    as_list = json.loads(mutate(*several, output="json").stdout)
    assert (as_list["kind"], as_list["apiVersion"], len(as_list["items"])) == ("List", "v1", 3)
    assert list(yaml.safe_load_all(mutate(*several).stdout)) == as_list["items"]
    patches = [json.loads(line) for line in mutate(*several, output="patch").stdout.splitlines()]
    assert len(patches) == 3 and patches[1] == []
    for obj, patch, want in zip(several, patches, as_list["items"]):
        assert json_patch.apply(json.loads(json.dumps(obj)), patch) == want


def test_a_refused_object_is_left_out_and_the_others_stay():
    done = mutate(GOOD, BAD, OTHER)
    assert done.returncode == 3
    assert [obj["metadata"]["name"] for obj in yaml.safe_load_all(done.stdout)] == ["train", "settings"]
    assert "<stdin>:" in done.stderr and "Job" in done.stderr
    assert [json.loads(line) for line in mutate(GOOD, BAD, output="patch").stdout.splitlines()][1] is None


def test_a_list_stays_a_list():
    [stored] = yaml.safe_load_all(mutate({"apiVersion": "v1", "kind": "List", "items": [GOOD, OTHER]}).stdout)
    assert [item["kind"] for item in stored["items"]] == ["Job", "ConfigMap"]
    assert requests(stored["items"][0])["memory"] == "5Gi"


def test_json_is_read_as_well_and_the_output_can_be_the_next_input():
    first = run("mutate", "-f", "-", "-o", "json", stdin=json.dumps(GOOD).encode())
    again = run("mutate", "-f", "-", "-o", "json", stdin=first.stdout.encode())
    assert (again.returncode, again.stdout) == (0, first.stdout)


def test_in_place_the_file_keeps_comments_mode_and_style(tmp_path):
    job = tmp_path / "job.yaml"
    text = b"# Owner: us\n" + encode(GOOD).rstrip() + b"  # the end"
    job.write_bytes(text)
    job.chmod(0o640)
    done = run("mutate", "-i", "-f", job, "--policy", POLICY)
    assert (done.returncode, done.stdout) == (0, ""), done.stderr
    assert "job.yaml: written, 1 of 1 objects changed\n" in done.stderr
    lines = job.read_text().splitlines()
    assert [line for line in lines if line in text.decode().splitlines()] == text.decode().splitlines()
    assert requests(yaml.safe_load(job.read_text())) == {"cpu": "2", "memory": "5Gi"}
    assert job.stat().st_mode & 0o7777 == 0o640
    assert os.listdir(tmp_path) == ["job.yaml"]
    again = run("mutate", "-i", "-f", job, "--policy", POLICY)
    assert again.stderr.endswith("job.yaml: nothing to change\n") and job.read_text().splitlines() == lines


def test_in_place_needs_files():
    done = run("mutate", "-i", "-f", "-", stdin=encode(GOOD))
    assert (done.returncode, done.stdout) == (2, "") and "standard input cannot be written" in done.stderr


def test_numbers_in_annotations_are_to_be_quoted():
    done = run("mutate", "-f", "-", stdin=encode(make_job({**ESTIMATE, "estimate.plimsoll.dev/gpu": 1})))
    assert done.returncode == 3
    assert 'quote it: "1"' in done.stderr


def test_the_server_and_the_command_agree(server):
    review = reviews.make_review(GOOD)
    response = reviews.read_answer(server.exchange(reviews.post_review(review)), review)
    [patch] = [json.loads(line) for line in mutate(GOOD, output="patch").stdout.splitlines()]
    assert patch == reviews.read_patch(response)


def test_flags_may_be_variables_and_the_command_line_wins():
    stdin = encode(GOOD)
    assert json.loads(run("mutate", "-f", "-", stdin=stdin, env={"PLIMSOLL_MUTATE_OUTPUT": "json"}).stdout)["kind"] == "Job"
    done = run("mutate", "-f", "-", "-o", "patch", stdin=stdin, env={"PLIMSOLL_MUTATE_OUTPUT": "json", "PLIMSOLL_SERVE_THREADS": "many"})
    assert isinstance(json.loads(done.stdout), list)


@pytest.mark.parametrize("output", ["yaml", "json", "patch", "diff", "explain"])
def test_a_reader_that_goes_away_is_no_failure(output):
    objects = encode(*[make_job(name=f"job-{i}") for i in range(500)])
    reading, writing = os.pipe()
    os.close(reading)
    process = subprocess.Popen([PROGRAM, "mutate", "-f", "-", "-o", output], stdin=subprocess.PIPE, stdout=writing, stderr=subprocess.PIPE, env=environment())
    os.close(writing)
    _, stderr = process.communicate(objects, timeout=30)
    assert (process.returncode, stderr) == (0, b"")


def test_a_full_disk_is_a_failure():
    with open("/dev/full", "wb") as full:
        done = subprocess.run([PROGRAM, "mutate", "-f", "-"], input=encode(GOOD), stdout=full, stderr=subprocess.PIPE, env=environment())
    assert done.returncode == 1
    assert b"cannot write the output: No space left on device" in done.stderr
