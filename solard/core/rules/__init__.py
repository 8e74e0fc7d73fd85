"""The rules: one kind a file, each a frozen dataclass with `propose`; `registry` lists them."""
