import java.security.SecureRandom;
import java.time.Instant;
import java.util.HexFormat;
import java.util.Map;
import org.apache.kafka.clients.producer.KafkaProducer;
import org.apache.kafka.clients.producer.ProducerRecord;
import org.apache.kafka.common.serialization.StringSerializer;

/**
 * Publishes a document to Penstock as an upstream system does, or says that it is gone: JSON, with a trace context.
 *
 * <pre>
 * java -cp 'libs/*' examples/03-Upstream.java tickets ticket:17 'The valve leaks.'
 * java -cp 'libs/*' examples/03-Upstream.java tickets ticket:17
 * </pre>
 *
 * In libs are kafka-clients and what it needs. KAFKA_BROKERS says where; an application would connect once and send many.
 */
public class Upstream {
  public static void main(String[] args) throws Exception {
    if (args.length < 2) throw new IllegalArgumentException("Usage: java Upstream.java KB URI [TEXT]");
    String kbId = args[0];
    String uri = args[1];
    String text = args.length > 2 ? args[2] : null;
    Map<String, Object> settings = Map.of(
        "bootstrap.servers", System.getenv().getOrDefault("KAFKA_BROKERS", "127.0.0.1:9092"),
        "key.serializer", StringSerializer.class,
        "value.serializer", StringSerializer.class,
        "enable.idempotence", true,
        "compression.type", "lz4");

    // No value deletes; then a header says of which knowledge base.
    String value = text == null ? null : json(kbId, uri, text);
    // The uri as the key keeps what is said of a document in order.
    var record = new ProducerRecord<>("upstream.documents", uri, value);
    String traceId = hex(16);
    record.headers().add("kb_id", kbId.getBytes("UTF-8"));
    record.headers().add("traceparent", ("00-" + traceId + "-" + hex(8) + "-01").getBytes("UTF-8"));
    try (var producer = new KafkaProducer<String, String>(settings)) {
      var sent = producer.send(record).get();
      System.out.printf(
          "{\"uri\": %s, \"partition\": %d, \"offset\": %d, \"trace_id\": \"%s\"}%n",
          quoted(uri), sent.partition(), sent.offset(), traceId);
    }
  }

  private static String json(String kbId, String uri, String text) {
    return "{\"kb_id\": " + quoted(kbId) + ", \"uri\": " + quoted(uri) + ", \"text\": " + quoted(text)
        + ", \"media_type\": \"text/markdown\", \"occurred_at\": \"" + Instant.now() + "\"}";
  }

  /** An application has a library for this. */
  private static String quoted(String text) {
    var out = new StringBuilder("\"");
    for (char c : text.toCharArray()) {
      if (c == '"' || c == '\\') out.append('\\').append(c);
      else if (c < ' ') out.append(String.format("\\u%04x", (int) c));
      else out.append(c);
    }
    return out.append('"').toString();
  }

  private static String hex(int bytes) {
    byte[] random = new byte[bytes];
    new SecureRandom().nextBytes(random);
    return HexFormat.of().formatHex(random);
  }
}
