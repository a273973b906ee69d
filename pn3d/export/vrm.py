"""What makes a GLB a VRM 1.0: which node is which bone of a human, and who may do what with the model.

The second extension, VRM animation, lets the same file drive other VRM models.
"""

from typing import Any

from pn3d.export.rigs import RiggedMotion

_LICENCE = "https://vrm.dev/licenses/1.0/"
_OPEN = {
    "avatarPermission": "everyone",
    "commercialUsage": "corporation",
    "creditNotation": "unnecessary",
    "allowRedistribution": True,
    "modification": "allowModificationRedistribution",
}
"""Of the built-in body. For a body from a file the format's defaults, the narrowest terms, are left to stand."""


def vrm_extensions(body: RiggedMotion) -> dict[str, Any]:
    """``extensions`` and ``extensionsUsed`` of a motion on the rig ``vrm``, whose bones are named as VRM calls them."""
    bones = {name: {"node": index} for index, name in enumerate(body.names)}
    motion = body.motion
    meta: dict[str, Any] = {"name": motion.name, "authors": ["pn3d"], "licenseUrl": _LICENCE}
    if motion.attribution:
        meta["copyrightInformation"] = meta["thirdPartyLicenses"] = motion.attribution
    if not motion.betas_are_smpl:
        meta |= _OPEN
    return {
        "extensionsUsed": ["VRMC_vrm", "VRMC_vrm_animation"],
        "extensions": {
            "VRMC_vrm": {"specVersion": "1.0", "meta": meta, "humanoid": {"humanBones": bones}},
            "VRMC_vrm_animation": {"specVersion": "1.0", "humanoid": {"humanBones": bones}},
        },
    }
