"""The whole product in one command, on photographs that anyone has: python -m experiments.demo."""
