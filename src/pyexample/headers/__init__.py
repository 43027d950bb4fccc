"""Read C headers: their declarations, and what a compiler says about them."""
