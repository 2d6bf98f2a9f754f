"""One build, when it happens, and what is known about it.

Settings and the time come in; a store that was switched, a report of what changed, a status and a log come out.
`build` is a build whoever asks for it, `recipe` the steps of it that publish; `service` has builds done in processes of
their own (`attempt`, `subprocess`) when an edit, the schedule or what is due asks for one. `rollback` and `recovery`
go back to what was published before. Of a store it asks what the protocol `publication.publish.Store` says.
"""
