"""Lists of requests (PBC, "provided by client") as a spreadsheet: read, previewed, asked as one change."""
