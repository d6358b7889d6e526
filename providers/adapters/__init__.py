"""One provider, one file. docs/adding-a-provider.md tells how."""
