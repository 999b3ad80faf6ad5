"""Finding faces in an image and aligning them."""
