import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Properties;
import org.apache.kafka.common.serialization.Deserializer;
import org.apache.kafka.common.serialization.Serde;
import org.apache.kafka.common.serialization.Serdes;
import org.apache.kafka.common.serialization.Serializer;
import org.apache.kafka.streams.KafkaStreams;
import org.apache.kafka.streams.KeyValue;
import org.apache.kafka.streams.StreamsBuilder;
import org.apache.kafka.streams.StreamsConfig;
import org.apache.kafka.streams.kstream.Consumed;
import org.apache.kafka.streams.kstream.Grouped;
import org.apache.kafka.streams.kstream.Materialized;
import org.apache.kafka.streams.kstream.Produced;
import org.apache.kafka.streams.kstream.Suppressed;
import org.apache.kafka.streams.kstream.TimeWindows;
import org.apache.kafka.streams.state.Stores;

/**
 * Kafka Streams: 1-minute event-time windows per sensor and measure, grace 60 s, closed windows to a topic. In-memory
 * store with changelog, one thread. The topic is keyed by sensor, so nothing is repartitioned; each record is decoded
 * once, in the deserializer, and the store's cache gathers updates.
 *
 * <p>Arguments: bootstrap, input topic, output topic, application id, state folder, records in the input.
 */
public final class KStreamsWindows {
  private static final Duration MINUTE = Duration.ofMinutes(1);

  public static void main(String[] given) throws Exception {
    String bootstrap = given[0], input = given[1], output = given[2];
    long total = Long.parseLong(given[5]);

    Deserializer<Reading> decode =
        (topic, bytes) -> {
          Progress.seen(total);
          return bytes == null ? null : Reading.parse(bytes);
        };
    Serializer<Reading> never =
        (topic, reading) -> {
          throw new UnsupportedOperationException();
        };
    Serde<Aggregates> packed =
        Serdes.serdeFrom(
            (topic, a) -> a == null ? null : a.pack(), (topic, b) -> b == null ? null : Aggregates.unpack(b));

    StreamsBuilder builder = new StreamsBuilder();
    builder.stream(
            input,
            Consumed.with(Serdes.String(), Serdes.serdeFrom(never, decode))
                .withTimestampExtractor(
                    (record, partitionTime) -> record.value() instanceof Reading r ? r.at : partitionTime))
        .filter((key, reading) -> reading != null)
        .groupByKey(Grouped.keySerde(Serdes.String()))
        .windowedBy(TimeWindows.ofSizeAndGrace(MINUTE, MINUTE))
        .aggregate(
            Aggregates::new,
            (key, reading, window) -> {
              window.add(reading);
              return window;
            },
            Materialized.<String, Aggregates>as(
                    Stores.inMemoryWindowStore("windows", Duration.ofMinutes(3), MINUTE, false))
                .withKeySerde(Serdes.String())
                .withValueSerde(packed))
        .suppress(Suppressed.untilWindowCloses(Suppressed.BufferConfig.unbounded()))
        .toStream()
        .flatMap(
            (key, window) -> {
              List<KeyValue<String, String>> closed = new ArrayList<>(2);
              for (int m = 0; m < Reading.MEASURES.length; m++) {
                String json = window.json(m, key.key(), key.window().start());
                if (json != null) closed.add(KeyValue.pair(key.key(), json));
              }
              return closed;
            })
        .to(output, Produced.with(Serdes.String(), Serdes.String()));

    Properties settings = new Properties();
    settings.put(StreamsConfig.BOOTSTRAP_SERVERS_CONFIG, bootstrap);
    settings.put(StreamsConfig.APPLICATION_ID_CONFIG, given[3]);
    settings.put(StreamsConfig.STATE_DIR_CONFIG, given[4]);
    settings.put(StreamsConfig.NUM_STREAM_THREADS_CONFIG, 1);
    settings.put(StreamsConfig.COMMIT_INTERVAL_MS_CONFIG, 1000);
    settings.put(StreamsConfig.STATESTORE_CACHE_MAX_BYTES_CONFIG, 64 << 20);
    settings.put("auto.offset.reset", "earliest");
    settings.put("max.poll.records", 5000);
    KafkaStreams streams = new KafkaStreams(builder.build(), settings);
    streams.setUncaughtExceptionHandler(
        error -> {
          error.printStackTrace();
          Runtime.getRuntime().halt(1);
          return null;
        });
    streams.start();
    while (!Progress.complete) Thread.sleep(20);
    Thread.sleep(3000); // what was polled is aggregated and committed; the benchmark has taken its figures
    streams.close(Duration.ofSeconds(30));
    Progress.tell("published");
  }
}
