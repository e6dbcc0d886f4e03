"""The assurance pack: gathered at a frozen moment, written file by file, sealed, and verified by anybody."""
