#!/bin/bash
# Installs solard on a real systemd (PID 1 of a container), runs it with simulated cards and a
# simulated plant, kills it in several ways, uninstalls it. Exit status: the number of failures.
#
# The machine's own root is the container's, under an overlay that vanishes: nothing is downloaded
# but the few packages below, and nothing here changes. Needs root. PYTHON: an interpreter of the
# same minor version as /usr/bin/python3 that has solard's dependencies, setuptools ≥ 77 and wheel.
set -euo pipefail
[ -n "${IN_NAMESPACE:-}" ] || exec env IN_NAMESPACE=1 unshare -m --propagation private "$0" "$@"
HERE=$(cd "$(dirname "$0")" && pwd)
TREE=$(cd "$HERE/../.." && pwd)
PYTHON=${PYTHON:-$TREE/.venv/bin/python}
NAME=solardboot$$
WORK=/run/$NAME
CGROUPS=(systemd unified)

for tool in systemd-nspawn dbus-daemon; do
  command -v $tool >/dev/null && [ -e /usr/lib/polkit-1/polkitd ] || {
    apt-get update -qq
    DEBIAN_FRONTEND=noninteractive apt-get install -y -qq --no-install-recommends \
      systemd-container dbus polkitd python3-venv >/dev/null
  }
done

mkdir -p "$WORK"
mount -t tmpfs -o size=2g tmpfs "$WORK"
mkdir -p "$WORK"/{upper,work,root,out,source,wheel}
mount -t overlay overlay -o "lowerdir=/,upperdir=$WORK/upper,workdir=$WORK/work" "$WORK/root"
ROOT=$WORK/root

leave() {
  for tree in "${CGROUPS[@]}"; do
    [ -d /sys/fs/cgroup/$tree/$NAME ] || continue
    echo $$ >/sys/fs/cgroup/$tree/cgroup.procs
    find /sys/fs/cgroup/$tree/$NAME -depth -type d -exec rmdir {} \; 2>/dev/null || true
  done
  umount "$WORK/root" "$WORK" 2>/dev/null || true
  rmdir "$WORK" "/run/systemd/nspawn/propagate/$NAME" 2>/dev/null || true
}
trap leave EXIT

# The project as a user gets it: a wheel in a venv under /opt.
tar -C "$TREE" --exclude=__pycache__ -c pyproject.toml README.md LICENSE solard hardware scheduler miner tui systemd |
  tar -x -C "$WORK/source"
"$PYTHON" -m pip wheel -q --no-deps --no-build-isolation -w "$WORK/wheel" "$WORK/source"
mkdir -p "$ROOT/opt"
chroot "$ROOT" /usr/bin/python3 -m venv /opt/solard
LIBRARIES=$("$PYTHON" -c 'import sysconfig; print(sysconfig.get_path("purelib"))')
SITE=$(chroot "$ROOT" /opt/solard/bin/python -c 'import sysconfig; print(sysconfig.get_path("purelib"))')
mkdir -p "$ROOT/opt/libraries"
echo /opt/libraries >"$ROOT$SITE/libraries.pth"
mkdir -p "$ROOT/opt/wheel" && cp "$WORK"/wheel/*.whl "$ROOT/opt/wheel"
chroot "$ROOT" sh -c '/opt/solard/bin/python -m pip install -q --no-deps --no-index /opt/wheel/*.whl'

# A boot with just what the test needs.
mkdir -p "$ROOT/opt/boot"
cp "$HERE/guest.py" "$TREE/tests/hardware/test_work_contract.py" "$ROOT/opt/boot/"
UNITS=$ROOT/etc/systemd/system
cat >"$UNITS/boot.service" <<'UNIT'
[Unit]
After=basic.target dbus.service
Requires=dbus.service
[Service]
Type=oneshot
ExecStart=/opt/solard/bin/python -u /opt/boot/guest.py
StandardOutput=journal+console
StandardError=journal+console
UNIT
printf '[Unit]\nRequires=basic.target boot.service\nAfter=basic.target\nAllowIsolate=yes\n' >"$UNITS/boot.target"
for unit in dev-hugepages.mount sys-fs-fuse-connections.mount systemd-timesyncd.service systemd-networkd.service; do
  ln -sf /dev/null "$UNITS/$unit"
done
rm -rf "$ROOT/var/log/journal" "$ROOT"/run/* 2>/dev/null || true
rm -f "$ROOT/etc/machine-id" && : >"$ROOT/etc/machine-id"

for tree in "${CGROUPS[@]}"; do
  mkdir -p /sys/fs/cgroup/$tree/$NAME
  echo $$ >/sys/fs/cgroup/$tree/$NAME/cgroup.procs
done
status=0
started=$SECONDS
timeout -k 5 "${BOOT_TIMEOUT:-300}" systemd-nspawn --quiet --register=no --keep-unit \
  --private-network --console=read-only --machine "$NAME" --resolv-conf=off --timezone=off \
  --link-journal=no --bind-ro="$LIBRARIES":/opt/libraries --bind="$WORK/out":/opt/out -D "$ROOT" \
  -b -- --unit=boot.target </dev/null >"$WORK/out/console" 2>&1 || status=$?
tr -d '\r' <"$WORK/out/console" | grep -aE 'PASS|FAIL|INFO|passed,' | sed 's/^\[[^]]*\] *//' || true
echo "boot and tests took $((SECONDS - started)) s, status $status"
[ -z "${BOOT_KEEP:-}" ] || cp -f "$WORK"/out/* "$BOOT_KEEP"/
exit $status
