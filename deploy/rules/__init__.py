"""`urbanhub rules`: a city's rules tried by the flow's own stages, without a hub.

offline    the stages of a city over records in hand: what would the alerts have been?
series     how a test writes what a sensor says
timelines  the tests beside a file of rules, read
trial      one test, run: what came beside what it expects
scenarios  a recorded day: a rule's alerts beside the promised ones
trials     many tests, each scenario only once
run        `urbanhub rules test`: which files, what a person is told
command    the command line's part
"""
