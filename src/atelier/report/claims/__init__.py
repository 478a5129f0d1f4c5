"""The claims of posts and papers that the project tests, with the numbers of its own runs."""
