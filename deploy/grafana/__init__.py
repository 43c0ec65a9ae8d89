"""What Grafana shows of the hub's history.

provisioning/    the data source and where dashboards lie, as Grafana reads them at its start
queries          the questions to InfluxDB, in Flux
flux, panels     a question as a dashboard keeps it; what is shown of its answer, and how
dashboard        the city's dashboard, built from the registry: `python -m deploy.grafana.dashboard` writes it
dashboards/      what was built: Grafana reads it
"""
