"""How the hub is run: `up` starts Kafka, InfluxDB and the hub's processes, watches them, and stops them in order.

In the order in which a start passes them:

cli          the command `urbanhub`: `up`, `status`, and the commands of the flow and of its sources
starting     from what a person chose to a hub that runs
data_dir     the data folder, held by one `up` at a time
disk         a full or unwritable disk, told before and when it happens
cache        where downloads and built programs are kept
ports        loopback ports that stay the same from start to start
progress     what a start shows
kafka        an embedded broker
influx       InfluxDB: found, built, run
history      InfluxDB beside the hub: the sink starts when it is known
page         the Situation Room's page, built where it is old
processes    the hub's own processes and their addresses
child        a child process, ended with its parent
supervisor   keeps services running
hub          all of it: started in order, watched, stopped in reverse order
waiting      until something is so, with a deadline
status       what runs, where, and how it is
balance      whether what was received is what became of it, by the processes' metrics
promises     what a scenario promises, as its file says it
acceptance   `up --check`: does it do what the scenario promises?
oracle       the independent calculation that it is checked against
backfill     history from files, by the core of the flow, beside the flow
rules        a city's rules tried by the flow's own stages, without a hub
grafana      the dashboard and its data source
seeds        how the generated files of the city's data were made
"""
