"""The independent calculation: what the hub must answer to a log, slow and obviously right.

It shares no code with what it judges: it reads seeds and records itself, takes one record at a time, keeps whole lists of
readings and recomputes from them what the engine carries on in arrays. It is written from the contract, not from the code.

    city      the seeds as it needs them: sensors, rules, each domain's times
    records   one record's bytes → a reading, or why it is refused
    fates     what becomes of every value, and its 60 s window
    windows   windows of every length as subscribers must see them last
    judged    the values that a rule judges, and what its further conditions come to beside them
    air_quality_index    a station's index, hour by hour
    levels    what a rule says of a series of values: raised, stepped, cleared
    announced which level an announcement reaches
    alerts    every alert of sensor rules and announcements
    absences  every alert on sensors that say nothing
    zones     every alert of zone rules, over all partitions of a domain
    answer    all of it, of one log of one exercise or of reality

Out of its scope: what the clock decides (a silent partition of reality is released), what officers do, a ninth exercise,
and records that arrive in another partition than their sensor's.
"""

from deploy.oracle.alerts import Change
from deploy.oracle.answer import Answer, alerts_to, answer_to
from deploy.oracle.city import City, read_city
from deploy.oracle.records import Arrived
from deploy.oracle.windows import Window

__all__ = ["Answer", "Arrived", "Change", "City", "Window", "alerts_to", "answer_to", "read_city"]
