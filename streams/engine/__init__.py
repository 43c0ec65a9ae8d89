"""The pure core: records in, records out. No I/O, no wall clock, no task.

One batch from bytes to alert, file by file:

    records         records in log order as columns over one buffer; none becomes an object until it is asked for
    decode          bytes → columns; a record that fails becomes one rejection
    joined          many records' bytes as one array of words, and where their quotes stand
    forms           the forms of records that were met, the most useful first
    template        records that are alike but for id, time and numbers, as columns
    directory       sensor ids as they stand in records → their numbers
    decimals        decimal numbers as they stand in records → float64
    rows            a reading's fields as a struct, for records of no form
    columns         what it gives
    instants        the contract's times, many at once
    roster          the registry as arrays: home partition, zone, owner, delay of each sensor
    exercises       reality and up to eight exercises, each with its own state and clock
    watermark       event-time progress record by record; future, too old, behind
    timeline        reality or one exercise: readings in log order in, what became final out
    batch           its readings as columns; orders and running maxima over them
    series          one measure of one sensor each, numbered at its first value
    duplicates      (sensor, measure, time) once, until its 60 s window is final
    panes           open 60 s windows: count, sum, min, max, last as arrays, a row per series
    behind          60 s windows opened behind the watermark: a gateway filling its hole
    closed          which windows of which series are final: what comes for them is late
    closing         what becomes final, in the order in which it became due
    long_windows    windows of ten minutes to a day, merged from final panes; revisions
    sealed          a window that is final for every series, as few bytes
    sliding         sums, means and rises over hours that slide by the minute
    hourly          the last hourly means of series, as they are known now
    air_quality_index   Korea's comprehensive air-quality index from hourly means
    judging         which rules judge what: single readings, final windows, sliding sums and rises
    rules           rules compiled against the registry: thresholds per sensor
    standing        how they stand: a state for each series that is not calm
    steady          which values change nothing of how a rule stands
    further         further conditions of a level: what they come to beside the value that is judged
    levels          one alert's state table: raise, hold, step up, step down, clear
    maintenance     planned work on sensors: what is set aside, and until when nobody is waited for
    absence_rules   rules on absence compiled against the registry: how long each sensor may say nothing
    heard           readings as evidence that their sensors speak
    absence_alerts  the alerts of a rule on absence, each with its steps
    absence         sensors that say nothing: who has not spoken for N of its own intervals
    refit           what becomes of a kept level when its rule or what it watches has changed
    changed_seeds   what is told of its alert then, and why it ends
    bulletin_alerts an announcement at a level → the alert, in both languages
    announced_levels    which level of a rule an announcement reaches
    zone_feed       what the zones stage is told: windows that zone rules read, and how far this partition has come
    event_partitions where alert events belong
    covers          which alerts cover others, told to every partition and kept by each
    alert_events    level changes → what `hub.alert-events` carries: id, step, the alert as its rule sees it
    alert_texts     what an alert says, in both languages
    window_records  window rows → JSON
    refusals        why a reading is refused, in words
    dead_letter     a refused record as it was received, with why
    accounting      received = windowed + late + duplicate + rejected + forwarded + set aside
    snapshot        a stage's state ↔ bytes, self-describing
    compression     bytes made fewer, with a checksum
    outputs         what a stage sends, per topic and partition

Zones lie across partitions, so what was told of them is gathered again:

    arrival_order   what all partitions tell, in the one order that no interleaving changes
    zone_domain     each thing once, to its timeline
    zone_windows    a zone's windows, closed when every partition has passed them
    zone_rules      rules on zones: which sensors, which delay, what a window comes to

Stages, each a pure `step(records)` over its own state:

    readings_stage, zones_stage, bulletins_stage, commands_stage, alerts_stage
"""
