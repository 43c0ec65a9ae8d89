import java.time.Duration;
import org.apache.flink.api.common.eventtime.WatermarkStrategy;
import org.apache.flink.api.common.functions.AggregateFunction;
import org.apache.flink.api.common.serialization.SimpleStringSchema;
import org.apache.flink.api.common.typeinfo.TypeInformation;
import org.apache.flink.configuration.Configuration;
import org.apache.flink.connector.base.DeliveryGuarantee;
import org.apache.flink.connector.kafka.sink.KafkaRecordSerializationSchema;
import org.apache.flink.connector.kafka.sink.KafkaSink;
import org.apache.flink.connector.kafka.source.KafkaSource;
import org.apache.flink.connector.kafka.source.enumerator.initializer.OffsetsInitializer;
import org.apache.flink.connector.kafka.source.reader.deserializer.KafkaRecordDeserializationSchema;
import org.apache.flink.streaming.api.environment.StreamExecutionEnvironment;
import org.apache.flink.streaming.api.functions.windowing.ProcessWindowFunction;
import org.apache.flink.streaming.api.windowing.assigners.TumblingEventTimeWindows;
import org.apache.flink.streaming.api.windowing.windows.TimeWindow;
import org.apache.flink.util.Collector;
import org.apache.kafka.clients.consumer.ConsumerRecord;

/**
 * Flink in one JVM, parallelism 1: 1-minute event-time windows per sensor and measure, closed windows to a topic. State
 * on the heap, a checkpoint every 2 s, a watermark per partition 60 s behind the newest reading. Each record is decoded
 * once, in the source. The input ends where the topic ended at the start, so the job ends by itself.
 *
 * <p>Arguments: bootstrap, input topic, output topic, group, state folder, records in the input.
 */
public final class FlinkWindows {
  /** Bytes to readings; what is refused is left out. */
  static final class Decode implements KafkaRecordDeserializationSchema<Reading> {
    private static final long serialVersionUID = 1;
    private final long total;

    Decode(long total) {
      this.total = total;
    }

    @Override
    public void deserialize(ConsumerRecord<byte[], byte[]> record, Collector<Reading> out) {
      Progress.seen(total);
      Reading reading = Reading.parse(record.value());
      if (reading != null) out.collect(reading);
    }

    @Override
    public TypeInformation<Reading> getProducedType() {
      return TypeInformation.of(Reading.class);
    }
  }

  static final class Add implements AggregateFunction<Reading, Aggregates, Aggregates> {
    private static final long serialVersionUID = 1;

    @Override
    public Aggregates createAccumulator() {
      return new Aggregates();
    }

    @Override
    public Aggregates add(Reading reading, Aggregates window) {
      window.add(reading);
      return window;
    }

    @Override
    public Aggregates getResult(Aggregates window) {
      return window;
    }

    @Override
    public Aggregates merge(Aggregates a, Aggregates b) {
      throw new UnsupportedOperationException("tumbling windows are never merged");
    }
  }

  static final class Publish extends ProcessWindowFunction<Aggregates, String, String, TimeWindow> {
    private static final long serialVersionUID = 1;

    @Override
    public void process(String sensor, Context context, Iterable<Aggregates> one, Collector<String> out) {
      Aggregates window = one.iterator().next();
      for (int m = 0; m < Reading.MEASURES.length; m++) {
        String json = window.json(m, sensor, context.window().getStart());
        if (json != null) out.collect(json);
      }
    }
  }

  public static void main(String[] given) throws Exception {
    String bootstrap = given[0], input = given[1], output = given[2];
    Configuration settings = new Configuration();
    settings.setString("execution.checkpointing.interval", "2 s");
    settings.setString("execution.checkpointing.storage", "filesystem");
    settings.setString("execution.checkpointing.dir", "file://" + given[4]);
    settings.setString("state.backend.type", "hashmap");
    settings.setString("pipeline.object-reuse", "true");
    StreamExecutionEnvironment flow = StreamExecutionEnvironment.createLocalEnvironment(1, settings);
    KafkaSource<Reading> source =
        KafkaSource.<Reading>builder()
            .setBootstrapServers(bootstrap)
            .setTopics(input)
            .setGroupId(given[3])
            .setStartingOffsets(OffsetsInitializer.earliest())
            .setBounded(OffsetsInitializer.latest())
            .setDeserializer(new Decode(Long.parseLong(given[5])))
            .setProperty("max.poll.records", "5000")
            .build();
    WatermarkStrategy<Reading> times =
        WatermarkStrategy.<Reading>forBoundedOutOfOrderness(Duration.ofMinutes(1))
            .withTimestampAssigner((reading, arrived) -> reading.at);
    KafkaSink<String> sink =
        KafkaSink.<String>builder()
            .setBootstrapServers(bootstrap)
            .setDeliveryGuarantee(DeliveryGuarantee.AT_LEAST_ONCE)
            .setRecordSerializer(
                KafkaRecordSerializationSchema.builder()
                    .setTopic(output)
                    .setValueSerializationSchema(new SimpleStringSchema())
                    .build())
            .build();
    flow.fromSource(source, times, "readings")
        .keyBy(reading -> reading.sensor)
        .window(TumblingEventTimeWindows.of(Duration.ofMinutes(1)))
        .aggregate(new Add(), new Publish())
        .sinkTo(sink);
    flow.execute("windows");
    Progress.tell("published");
  }
}
