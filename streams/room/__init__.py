"""The Situation Room's server: follows what Kafka keeps, knows the city as it is now, tells every browser.

tail             follows alerts, windows and bulletins, without a consumer group
city             the city as known now, per view: reality and each exercise; pure
view             what is known of one view; pure
windows          the windows of one series that are kept in memory; pure
position         how far the log has been applied, as one short text
judged           what the rules judge now, for each open alert; pure
picture          what a view looks like: freshness, zones, sources; pure
events           Server-Sent Events: one frame for all browsers of a view, resume, slow ones dropped
stream_response  one browser's stream as an HTTP answer
history          past windows from InfluxDB, joined with what is in memory
influx           where InfluxDB is and how it does
commands         an officer's act: judged, then sent to the log
description      what does not change by itself: registry, measures, rules
rules            changed rules, taken up while it runs
api              the routes
page             the built page, and what every answer forbids
app              the application and its server
"""
