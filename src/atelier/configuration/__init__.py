"""How parameters are written, named, read, checked and shown.

From the command line to the nodes: ``arguments`` parses the text of ``--params``, ``names`` nests
dotted names, ``loader`` merges ``conf/`` and the command line, ``checks`` finds unknown names. Back
to the user: ``command_line`` writes the command that repeats a run, ``redaction`` hides secrets,
``terminal`` replaces characters that a terminal lacks. ``project`` finds the Kedro project.
"""
