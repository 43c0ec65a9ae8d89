"""How the generated files of `seeds/` are made; `seeds/` itself holds data alone.

    basemap             the map's layers
    typhoon             records of the scenario `typhoon`; its rain: typhoon_rain; what was announced: typhoon_bulletins
    dust_and_quake      records of the scenario `dust-and-quake`; what was reported of the quake: quake_bulletins

    recording           a scenario's records in order of arrival
    curves              courses of a value through time, drawn by a few points
    faults              what gateways send wrong, in every scenario

The first ones are run as `python -m deploy.seeds.NAME`; the others serve them.
"""
