"""The flow, in the order in which a reading goes through it.

contract      what travels: models, units, the table of topics
engine        the pure stages: bytes → windows → rules → alerts
worker        carries the stages on Faust, results and offsets in one transaction
sink          windows and alert states into InfluxDB
room          the Situation Room: the city live, for people

What every process needs: settings, registry, rulebook, maintenance, seed_file, rule_watch, kafka, metrics, logs, clock,
errors. What people look with: cli, tap, topics_shown.
"""
