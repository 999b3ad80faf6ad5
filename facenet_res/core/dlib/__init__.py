"""The reader of dlib's network files, and their weights in our layout."""
