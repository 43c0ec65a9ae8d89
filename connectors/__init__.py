"""The edges in: what brings records into the hub. Sources know the contract, not what becomes of it.

frame       what every source stands on: publisher, HTTP, schedule, interface
catalogue   the table of live sources
usgs        USGS earthquakes
replay      recorded records played again
stopping    Ctrl-C and SIGTERM
cli         `urbanhub replay`, `urbanhub connect`
"""
