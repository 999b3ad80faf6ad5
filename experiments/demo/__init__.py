"""The main job from start to end, on images that anyone has: python -m experiments.demo."""
