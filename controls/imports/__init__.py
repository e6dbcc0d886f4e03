"""Files on their way in: what a file is, what it says, what that would change, and changing it."""
