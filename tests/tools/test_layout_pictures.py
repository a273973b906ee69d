"""Pictures of joint layouts are those that the tool makes."""

from pn3d.detectors.layouts import DETECTOR_LAYOUTS
from tools.layout_pictures import all_pictures


def test_pictures_of_layouts_are_those_of_the_code(pytestconfig):
    folder = pytestconfig.rootpath / "docs" / "layouts"
    text = (pytestconfig.rootpath / "docs" / "layouts.md").read_text(encoding="utf-8")
    pictures = all_pictures()
    assert set(DETECTOR_LAYOUTS) < set(pictures)
    for name, svg in pictures.items():
        assert (folder / f"{name}.svg").read_text(encoding="utf-8") == svg, "run python -m tools.layout_pictures"
        assert f"layouts/{name}.svg" in text
