"""`urbanhub rules`: a city's rules tried by the flow's own stages, without a hub; and their alerts explained from its log.

offline            the stages of a city over records in hand: what would the alerts have been?
command            the command line's part

Do the rules do what they say?

series             how a test writes what a sensor says
timelines          the tests beside a file of rules, read
trial              one test, run: what came beside what it expects
scenarios          a recorded day: a rule's alerts beside the promised ones
trials             many tests, each scenario only once
run                `urbanhub rules test`: which files, what a person is told

Why was this alert raised?

kept_log           what Kafka still keeps of a partition, read back from its end
life               an alert's newest state, and what each of its events changed
announced          the announcements that its events rest on
watched            how today's rule judges its sensor or zone, and what has changed since
absent             how today's rule on absence looks for its sensor, and when that spoke
evidence           sensors' readings and windows out of the log
beside             what stands beside them: further conditions, an index's hours
judged             the values that the rule judged, calculated again from them
grounds            what one step rests on: values, minutes, readings
explanation        what is told: the model that page and JSON are made of
wording            its words, in Korean and English: what is judged, values, limits
sentences          what it says of each step
explain            all of it: from an alert's id to its explanation
explanation_shown  an explanation on a terminal

What would other rules have changed?

retained           what Kafka retains of readings and announcements, in the order of arrival
difference         alerts raised, gone, earlier, later, of other levels
dry_run            the same records through today's rules and the changed ones
differences_shown  a dry run on a terminal
"""
