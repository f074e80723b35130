"""What a job's control group leaves of a machine's memory, in both versions of Linux's interface."""

import sys

import pytest
from itamed.benchmark.engines.hf import cgroup

NAMES = {
    2: ("memory.max", "memory.current", "inactive_file"),
    1: ("memory.limit_in_bytes", "memory.usage_in_bytes", "total_inactive_file"),
}
OWN = {2: "0::/job/step\n", 1: "5:devices:/\n4:cpuset,memory:/job/step\n0::/\n"}


@pytest.fixture
def groups(tmp_path, monkeypatch):
    """Return a function that writes a group's limit, use and cached bytes, and one that sets the process's groups."""
    monkeypatch.setattr(cgroup, "MOUNT", tmp_path / "mount")
    monkeypatch.setattr(cgroup, "OWN", tmp_path / "own")

    def group(version, path, limit, used, cached=0):
        folder = tmp_path / "mount" / ("memory" if version == 1 else "") / path
        folder.mkdir(parents=True, exist_ok=True)
        most, now, name = NAMES[version]
        (folder / most).write_text(f"{limit}\n")
        (folder / now).write_text(f"{used}\n")
        (folder / "memory.stat").write_text(f"anon 5\n{name} {cached}\n")

    return group, (tmp_path / "own").write_text


@pytest.mark.parametrize("version", [1, 2])
def test_what_is_left_is_the_least_of_the_groups_above(groups, version):
    group, own = groups
    own(OWN[version])
    assert cgroup.free_in_group() == sys.maxsize, "no limit is written anywhere"
    group(version, "job/step", 1000, 300, cached=100)
    assert cgroup.free_in_group() == 800
    group(version, "job", 900, 400)
    assert cgroup.free_in_group() == 500
    group(version, "", 100, 400)
    assert cgroup.free_in_group() == 0


def test_a_group_without_a_limit_leaves_everything(groups):
    group, own = groups
    own(OWN[2])
    group(2, "job/step", "max", 300)
    assert cgroup.free_in_group() == sys.maxsize


def test_a_container_sees_its_own_group_as_the_root(groups):
    group, own = groups
    own("0::/../host/path\n")
    group(2, "", 1000, 200)
    assert cgroup.free_in_group() == 800


def test_without_control_groups_there_is_no_limit(groups):
    assert cgroup.free_in_group() == sys.maxsize
