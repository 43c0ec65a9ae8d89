"""What travels: the models that outside users hold the hub to, and the one table of topics.

times, ids      how an instant and an id are written
durations       a duration in words
readings        what a gateway sends, per domain; the table of measures is read out of the models
bulletins       an institution's announcement
rejections      why a record is refused, and its dead letter's headers
windows         an aggregate over a window, early or final
zone_inputs     what the readings stage tells the zones stage
alerts          an alert's whole state, the events of its life, an officer's commands
derived         what is calculated from a sensor's readings and may be judged: the air-quality index
sensors         the registry's words: sensor, zone, owner, city
distance        how far two places lie apart
maintenance     planned work on sensors
watched         what a rule watches
further         a further condition of a level: another value that must hold with it
announced       when an announcement reaches a level of a rule
absence         a rule on sensors that say nothing
rule_levels     a level of a rule: when it is reached and left, its words
free_flow       thresholds that are a share of a link's own free-flow speed
rule_checks     whether the parts of a rule fit together
further_checks  whether its further conditions fit what it watches
covering        which rules may cover others
rules           a rule as written in TOML
wording         what a rule's texts may name in braces
topics          THE table of topics
schemas         JSON Schema per topic and AsyncAPI, generated from the table
"""
