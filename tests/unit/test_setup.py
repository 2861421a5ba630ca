"""The set-up takes the pins of the locks, whatever else an index offers: run for real on an index of local wheels."""

import base64
import hashlib
import os
import shutil
import subprocess
import sys
import zipfile
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[2]
BACKEND = """
import zipfile
from pathlib import Path

FILES = {
    "METADATA": "Metadata-Version: 2.1\\nName: project\\nVersion: 1.0\\n",
    "WHEEL": "Wheel-Version: 1.0\\nRoot-Is-Purelib: true\\nTag: py3-none-any\\n",
    "RECORD": "",
}


def get_requires_for_build_editable(settings=None):
    return []


def build_editable(folder, settings=None, metadata=None):
    name = "project-1.0-py3-none-any.whl"
    with zipfile.ZipFile(Path(folder) / name, "w") as wheel:
        for file, text in FILES.items():
            wheel.writestr(f"project-1.0.dist-info/{file}", text)
    return name
"""


def digest(text: str) -> str:
    """As the RECORD of a wheel has it."""
    return base64.urlsafe_b64encode(hashlib.sha256(text.encode()).digest()).decode().rstrip("=")


def wheel(index: Path, name: str, version: str, *requires: str, extra: str = "") -> str:
    """Put a wheel into an index; returns the line of a lock that pins it."""
    info = f"{name}-{version}.dist-info"
    lines = ["Metadata-Version: 2.1", f"Name: {name}", f"Version: {version}"]
    lines += [f"Requires-Dist: {one}" for one in requires]
    lines += [f"Provides-Extra: {extra}"] if extra else []
    files = {
        f"{name}.py": f"VERSION = {version!r}\n",
        f"{info}/METADATA": "\n".join(lines) + "\n",
        f"{info}/WHEEL": "Wheel-Version: 1.0\nRoot-Is-Purelib: true\nTag: py3-none-any\n",
    }
    path = index / name / f"{name}-{version}-py3-none-any.whl"
    path.parent.mkdir(parents=True, exist_ok=True)
    with zipfile.ZipFile(path, "w") as archive:
        for place, text in files.items():
            archive.writestr(place, text)
        record = [f"{place},sha256={digest(text)}," for place, text in files.items()]
        archive.writestr(f"{info}/RECORD", "\n".join([*record, f"{info}/RECORD,,"]) + "\n")
    links = "".join(f'<a href="{one.name}">{one.name}</a>' for one in sorted(path.parent.glob("*.whl")))
    (path.parent / "index.html").write_text(links, encoding="utf-8")
    return f"{name}=={version} \\\n    --hash=sha256:{hashlib.sha256(path.read_bytes()).hexdigest()}\n"


@pytest.fixture
def project(tmp_path):
    """A project with the Makefile of this one; its lock pins `base`, which `user` requires with an extra."""
    index, folder = tmp_path / "index", tmp_path / "project"
    folder.mkdir()
    base = wheel(index, "base", "1.0", extra="more")
    user = wheel(index, "user", "1.0", "base[more]")
    wheel(index, "base", "1.1", extra="more")
    (folder / "requirements.lock").write_text(base + user, encoding="utf-8")
    (folder / "requirements-setup.lock").write_text("", encoding="utf-8")
    (folder / "requirements-dev.lock").write_text(wheel(index, "helper", "2.0", "base[more]"), encoding="utf-8")
    wheel(index, "helper", "2.1")
    (folder / "pyproject.toml").write_text(
        '[build-system]\nrequires = []\nbuild-backend = "backend"\nbackend-path = ["."]\n'
        '[project]\nname = "project"\nversion = "1.0"\n',
        encoding="utf-8",
    )
    (folder / "backend.py").write_text(BACKEND, encoding="utf-8")
    shutil.copy2(ROOT / "Makefile", folder)
    return folder


def make(folder: Path, target: str) -> subprocess.CompletedProcess:
    quiet = {name: value for name, value in os.environ.items() if not name.startswith(("PIP_", "MAKE", "MFLAGS"))}
    settings = {**quiet, "PIP_INDEX_URL": (folder.parent / "index").as_uri(), "PIP_CONFIG_FILE": os.devnull}
    settings.pop("PYTHONPATH", None)
    command = ["make", f"PYTHON={sys.executable}", target]
    return subprocess.run(command, cwd=folder, env=settings, capture_output=True, text=True, timeout=300, check=False)


def version(folder: Path, name: str) -> str:
    command = [folder / ".venv/bin/python", "-c", f"import {name}; print({name}.VERSION)"]
    return subprocess.run(command, capture_output=True, text=True, check=True).stdout.strip()


@pytest.mark.skipif(shutil.which("make") is None, reason="no make")
def test_a_newer_release_of_what_is_required_with_an_extra_is_not_taken(project):
    run = make(project, ".venv/.dev")
    assert run.returncode == 0, run.stdout + run.stderr
    assert (version(project, "base"), version(project, "user"), version(project, "helper")) == ("1.0", "1.0", "2.0")


@pytest.mark.skipif(shutil.which("make") is None, reason="no make")
def test_a_lock_that_leaves_a_package_out_is_told(project):
    lock = project / "requirements.lock"
    text = lock.read_text(encoding="utf-8")
    lock.write_text(text[text.index("user==") :], encoding="utf-8")
    run = make(project, ".venv/.ready")
    assert run.returncode != 0
    assert "user 1.0 requires base, which is not installed" in run.stdout + run.stderr
    assert not (project / ".venv/.ready").exists()
