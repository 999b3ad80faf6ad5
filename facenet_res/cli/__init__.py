"""The facenet-res command."""
