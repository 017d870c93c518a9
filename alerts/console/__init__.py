"""The pages on which alerts are drafted, agreed to and watched."""
