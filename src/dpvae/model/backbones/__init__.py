"""The models, each of them a backbone with the distance term, and what families of them share."""
