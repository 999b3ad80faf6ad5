"""The same residual networks on other images: each file is an example to read and to run."""
