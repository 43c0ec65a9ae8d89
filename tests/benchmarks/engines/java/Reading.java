import com.fasterxml.jackson.databind.DeserializationFeature;
import com.fasterxml.jackson.databind.MapperFeature;
import com.fasterxml.jackson.databind.ObjectReader;
import com.fasterxml.jackson.databind.json.JsonMapper;
import java.time.Instant;

/** A reading of an air-quality station as the contract defines it: decoded and validated. */
public final class Reading {
  /** Measures that are aggregated, in the order of {@link #value}. */
  public static final String[] MEASURES = {"pm10_ugm3", "pm25_ugm3"};

  private static final ObjectReader JSON =
      JsonMapper.builder()
          .disable(DeserializationFeature.FAIL_ON_UNKNOWN_PROPERTIES)
          .enable(DeserializationFeature.FAIL_ON_TRAILING_TOKENS)
          .disable(MapperFeature.ALLOW_COERCION_OF_SCALARS)
          .build()
          .readerFor(Wire.class);

  /** Its fields as they travel; what is absent is null. */
  public static final class Wire {
    public String sensor_id, observed_at, source, quality, exercise;
    public Double period_s;
    public Double pm10_ugm3, pm25_ugm3, o3_ppm, no2_ppm, co_ppm, so2_ppm, temperature_c, humidity_pct;
  }

  public String sensor;
  public long at;
  /** A value per measure; NaN is absent. */
  public double[] value;

  /** Decode and validate; null where the contract refuses it. */
  public static Reading parse(byte[] record) {
    try {
      Wire wire = JSON.readValue(record);
      if (wire == null || !isId(wire.sensor_id) || wire.observed_at == null) return null;
      if (wire.quality != null && !wire.quality.equals("ok") && !wire.quality.equals("estimated")) return null;
      boolean plausible =
          in(wire.pm10_ugm3, 0, 10_000) && in(wire.pm25_ugm3, 0, 5_000) && in(wire.o3_ppm, 0, 2)
              && in(wire.no2_ppm, 0, 5) && in(wire.co_ppm, 0, 100) && in(wire.so2_ppm, 0, 10)
              && in(wire.temperature_c, -60, 60) && in(wire.humidity_pct, 0, 100);
      if (!plausible || wire.pm10_ugm3 == null && wire.pm25_ugm3 == null) return null;
      Reading reading = new Reading();
      reading.sensor = wire.sensor_id;
      reading.at = Instant.parse(wire.observed_at).toEpochMilli();
      reading.value = new double[] {orAbsent(wire.pm10_ugm3), orAbsent(wire.pm25_ugm3)};
      return reading;
    } catch (Exception e) {
      return null;
    }
  }

  private static boolean in(Double value, double low, double high) {
    return value == null || value >= low && value <= high;
  }

  private static double orAbsent(Double value) {
    return value == null ? Double.NaN : value;
  }

  private static boolean isId(String id) {
    if (id == null || id.isEmpty() || id.length() > 64) return false;
    for (int i = 0; i < id.length(); i++) {
      char c = id.charAt(i);
      boolean fine = c >= 'a' && c <= 'z' || c >= 'A' && c <= 'Z' || c >= '0' && c <= '9';
      if (!fine && c != '.' && c != '_' && c != ':' && c != '-') return false;
    }
    return true;
  }
}
