"""What units need beside their own text, by the cards of a machine."""

from collections.abc import Iterator
from pathlib import Path

from solard.system.installer.files import CARD_DROP_INS, File, read_text

HWMON = "sys/class/drm/card*/device/hwmon/hwmon*"
LIMITS = ("power1_cap", "power1_max")
"""Where amdgpu, xe and i915 take one."""
JETSON = Path("etc/nvpmodel.conf")


def card_files(root: Path) -> Iterator[File]:
    """Return the drop-ins for cards that are not NVIDIA's own, or are a Jetson's."""
    has_drm = any((hwmon / limit).exists() for hwmon in root.glob(HWMON) for limit in LIMITS)
    is_jetson = (root / JETSON).exists()
    wanted = {"sysfs": has_drm or is_jetson, "drm": has_drm, "jetson": is_jetson}
    for path, name in CARD_DROP_INS.items():
        if wanted[name.split(".")[-2]]:
            yield File(path, read_text(name))
