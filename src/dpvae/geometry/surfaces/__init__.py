"""Expression as smooth surfaces over a tissue, and what it then says of where a cell is."""
