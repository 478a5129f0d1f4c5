"""Programs that the benchmarks compare with, in an interpreter of their own.

``process`` starts that interpreter, ``worker`` runs in it. The other files have the calls of each
benchmark; they import nothing of this project, since that interpreter may lack it. Each has a
``PEERS``: functions by the package that they need, which take the benchmark's arrays and return
calls by name. Packages that are not installed are left out.
"""
