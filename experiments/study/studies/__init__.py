"""The studies that come with the package; `trial.load_study` reads them by name."""
