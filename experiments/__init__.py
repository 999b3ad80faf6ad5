"""What only maintainers run: experiments, a profile of one request, the demo. Not in the wheel."""
