"""The library that ships: ids, short titles, selections and published mappings as facts. No framework's prose.

data/ is made by build.py from the sources that it names, and read into the database by load.py; what stands in
data/responsibility is written by hand.
"""
