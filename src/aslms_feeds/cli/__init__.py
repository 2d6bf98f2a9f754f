"""The commands: arguments in, one call, output and an exit status out.

`commands` reads the arguments and imports the module of the command that is asked for; `unchanged` answers a build with
nothing to do before that, with next to nothing imported. What commands print is made in `output`.
"""
