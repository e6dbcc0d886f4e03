"""The register out as a spreadsheet and back in: export, dry run, one recorded change, and taking it back."""
