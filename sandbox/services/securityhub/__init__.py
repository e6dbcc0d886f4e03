"""Security Hub CSPM (version 1, ASFF)."""
