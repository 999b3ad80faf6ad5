"""Networks as plain functions of Keras tensors, and the weights they are saved with."""
