"""Many small trainings side by side: what the default model's network and settings rest on."""
