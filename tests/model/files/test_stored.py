from dataclasses import fields, is_dataclass
from typing import get_args, get_type_hints

from dpvae.model.atlas.atlas import Atlas
from dpvae.model.files.stored import STORED
from dpvae.model.joint.imputation import Imputation
from dpvae.model.tissue.expression_surfaces import ExpressionSurfaces
from dpvae.model.tissue.section_frames import SectionFrames

KEPT = (Atlas, ExpressionSurfaces, Imputation, SectionFrames)


def classes_in(hint):
    """The dataclasses that a type names, and those that their fields name."""
    if is_dataclass(hint):
        yield hint
        hints = get_type_hints(hint)
        for field in fields(hint):
            yield from classes_in(hints[field.name])
    for part in get_args(hint):
        yield from classes_in(part)


def test_the_table_holds_what_models_keep_and_nothing_else():
    kept = {part for cls in KEPT for part in classes_in(cls)}
    assert set(STORED.values()) == kept
    assert len({cls.__name__ for cls in kept}) == len(kept)


def test_every_class_is_frozen_and_made_of_its_fields():
    for cls in STORED.values():
        assert cls.__dataclass_params__.frozen
        assert all(field.init for field in fields(cls))
