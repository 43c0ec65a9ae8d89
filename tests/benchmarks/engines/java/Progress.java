import java.util.concurrent.atomic.AtomicLong;

/** Tells the benchmark on standard output when the first and the last record were seen. */
public final class Progress {
  private static final AtomicLong SEEN = new AtomicLong();
  public static volatile boolean complete = false;

  private Progress() {}

  /** One more record was read, valid or not. */
  public static void seen(long total) {
    long n = SEEN.incrementAndGet();
    if (n == 1) tell("begun");
    if (n == total) {
      tell("seen");
      complete = true;
    }
  }

  public static void tell(String event) {
    System.out.println("{\"bench\":\"" + event + "\",\"at_ms\":" + System.currentTimeMillis() + "}");
    System.out.flush();
  }
}
