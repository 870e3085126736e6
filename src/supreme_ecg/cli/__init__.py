"""The `supreme` command: a file a command, each importing what it needs when it runs."""
