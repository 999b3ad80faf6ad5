"""Readers and augmentation: from files on disk to training batches."""
