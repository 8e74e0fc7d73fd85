"""What solard costs on this machine: `python -m tests.bench`, or `make bench`."""
