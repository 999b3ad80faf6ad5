"""The services: read the request, call the library once, write the response."""
