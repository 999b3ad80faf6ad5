"""Several rooms joined: image bytes to embedded faces."""
