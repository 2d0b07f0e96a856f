"""Genes that were never imaged, imputed from dissociated cells."""
