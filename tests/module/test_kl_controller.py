"""β that is steered."""

import torch

from dpvae.module.kl_controller import KLController


def test_it_rises_to_its_highest_while_the_divergence_is_too_high():
    controller = KLController(10.0, 4.0, 25.0, target=0.025)
    for _ in range(200):
        controller.follow(torch.tensor(30.0))
    assert float(controller.weight) == 25.0


def test_it_falls_to_its_lowest_while_the_divergence_is_too_low():
    controller = KLController(5.0, 4.0, 25.0, target=100.0)
    for _ in range(100):
        controller.follow(torch.tensor(0.0))
    assert float(controller.weight) == 4.0


def test_it_settles_where_the_target_is_met():
    controller = KLController(28.0, 0.0, 100.0, target=2.0)
    for _ in range(3_000):  # the divergence of a model falls as β rises
        controller.follow(60.0 / (1.0 + controller.weight))
    assert abs(60.0 / (1.0 + float(controller.weight)) - 2.0) < 0.05
