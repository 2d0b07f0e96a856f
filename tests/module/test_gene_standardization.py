import torch

from dpvae.module import GeneStandardization


def test_one_row_serves_all_sections():
    standardization = GeneStandardization(torch.tensor([[1.0, 2.0]]), torch.tensor([[2.0, 1.0]]))
    values = standardization(torch.tensor([[3.0, 2.0], [1.0, 5.0]]), torch.tensor([[0.0], [4.0]]))
    assert values.tolist() == [[1.0, 0.0], [0.0, 3.0]]


def test_each_section_has_its_row_and_new_ones_follow():
    standardization = GeneStandardization(
        torch.tensor([[0.0], [10.0]]), torch.tensor([[1.0], [2.0]])
    )
    standardization.set_query(torch.tensor([[100.0]]), torch.tensor([[5.0]]))
    values = standardization(torch.tensor([[1.0], [14.0], [90.0]]), torch.tensor([[0], [1], [2]]))
    assert values.ravel().tolist() == [1.0, 2.0, -2.0]


def test_statistics_of_a_query_are_not_saved():
    standardization = GeneStandardization(torch.zeros(1, 2), torch.ones(1, 2))
    standardization.set_query(torch.ones(3, 2), torch.ones(3, 2))
    assert sorted(standardization.state_dict()) == ["mean", "scale", "weight"]


def test_weights_multiply_standardised_genes_of_reference_and_query():
    standardization = GeneStandardization(torch.zeros(1, 2), torch.tensor([[2.0, 4.0]]))
    standardization.weight.copy_(torch.tensor([3.0, 0.5]))
    standardization.set_query(torch.ones(1, 2), torch.ones(1, 2))
    values = standardization(torch.tensor([[2.0, 4.0], [2.0, 5.0]]), torch.tensor([[0], [1]]))
    assert values.tolist() == [[3.0, 0.5], [3.0, 2.0]]
