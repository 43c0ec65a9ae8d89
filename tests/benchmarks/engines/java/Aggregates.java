import java.nio.ByteBuffer;
import java.time.Instant;

/** Count, sum, min, max and last of each measure of one sensor in one window. */
public final class Aggregates {
  /** Of one measure. */
  public static final class One {
    public long count, lastAt;
    public double sum, min, max, last;

    void add(double value, long at) {
      min = count == 0 ? value : Math.min(min, value);
      max = count == 0 ? value : Math.max(max, value);
      if (count == 0 || at >= lastAt) {
        last = value;
        lastAt = at;
      }
      count++;
      sum += value;
    }
  }

  private static final int PACKED_BYTES = 6 * Long.BYTES;

  /** By the order of {@link Reading#MEASURES}. */
  public One[] of = {new One(), new One()};

  public void add(Reading reading) {
    for (int m = 0; m < of.length; m++) {
      if (!Double.isNaN(reading.value[m])) of[m].add(reading.value[m], reading.at);
    }
  }

  public byte[] pack() {
    ByteBuffer to = ByteBuffer.allocate(of.length * PACKED_BYTES);
    for (One one : of) {
      to.putLong(one.count).putLong(one.lastAt);
      to.putDouble(one.sum).putDouble(one.min).putDouble(one.max).putDouble(one.last);
    }
    return to.array();
  }

  public static Aggregates unpack(byte[] packed) {
    Aggregates found = new Aggregates();
    ByteBuffer from = ByteBuffer.wrap(packed);
    for (One one : found.of) {
      one.count = from.getLong();
      one.lastAt = from.getLong();
      one.sum = from.getDouble();
      one.min = from.getDouble();
      one.max = from.getDouble();
      one.last = from.getDouble();
    }
    return found;
  }

  /** The window of one measure as JSON; null where it has no data. */
  public String json(int m, String sensor, long start) {
    One one = of[m];
    if (one.count == 0) return null;
    return new StringBuilder(220)
        .append("{\"sensor_id\":\"").append(sensor)
        .append("\",\"measure\":\"").append(Reading.MEASURES[m])
        .append("\",\"start\":\"").append(Instant.ofEpochMilli(start))
        .append("\",\"count\":").append(one.count)
        .append(",\"sum\":").append(one.sum)
        .append(",\"mean\":").append(one.sum / one.count)
        .append(",\"min\":").append(one.min)
        .append(",\"max\":").append(one.max)
        .append(",\"last\":").append(one.last)
        .append('}')
        .toString();
  }
}
