"""What every connector stands on: the publisher, HTTP to a source, the schedule, the interface.

connector   the interface: what a connector may be told, and what it gives at each poll
upstream    HTTP to a source, politely
geography   where something lies as seen from the city, in words
history     what a topic holds already
kept        a small file of state
runner      when one connector asks, how long it waits after a failure, how it is
outgoing    a record on its way to the broker
publisher   sends records: each held until the broker has it
"""
