import java.nio.file.Files;
import java.nio.file.Path;
import java.security.SecureRandom;
import java.time.Instant;
import java.util.HashMap;
import java.util.HexFormat;
import java.util.List;
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
 * In libs are kafka-clients and what it needs. KAFKA_BROKERS says where, and PENSTOCK_KAFKA_… how (TLS, SASL); an application would connect once and send many.
 */
public class Upstream {
  public static void main(String[] args) throws Exception {
    if (args.length < 2) throw new IllegalArgumentException("Usage: java Upstream.java KB URI [TEXT]");
    String kbId = args[0];
    String uri = args[1];
    String text = args.length > 2 ? args[2] : null;
    Map<String, Object> settings = new HashMap<>(Map.of(
        "bootstrap.servers", System.getenv().getOrDefault("KAFKA_BROKERS", "127.0.0.1:9092"),
        "key.serializer", StringSerializer.class,
        "value.serializer", StringSerializer.class,
        "enable.idempotence", true,
        "compression.type", "lz4"));
    settings.putAll(security());

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

  /** TLS and SASL by the variables that Penstock itself takes (docs/SECURITY.md). */
  private static Map<String, Object> security() throws Exception {
    var settings = new HashMap<String, Object>();
    boolean tls = List.of("true", "1").contains(set("TLS", "false"));
    String mechanism = set("SASL_MECHANISM", null);
    settings.put("security.protocol", (mechanism == null ? "" : "SASL_") + (tls ? "SSL" : "PLAINTEXT"));
    if (tls && set("TLS_CA_FILE", null) != null) {
      settings.put("ssl.truststore.type", "PEM");
      settings.put("ssl.truststore.certificates", read("TLS_CA_FILE"));
    }
    if (tls && set("TLS_CERT_FILE", null) != null) {
      settings.put("ssl.keystore.type", "PEM");
      settings.put("ssl.keystore.certificate.chain", read("TLS_CERT_FILE"));
      settings.put("ssl.keystore.key", read("TLS_KEY_FILE"));
    }
    if (mechanism != null) {
      String password = set("SASL_PASSWORD", null);
      if (password == null) password = read("SASL_PASSWORD_FILE").replaceFirst("\\r?\\n$", "");
      String module = mechanism.equals("plain") ? "plain.PlainLoginModule" : "scram.ScramLoginModule";
      settings.put("sasl.mechanism", mechanism.toUpperCase());
      settings.put(
          "sasl.jaas.config",
          "org.apache.kafka.common.security." + module + " required username=" + quoted(set("SASL_USERNAME", ""))
              + " password=" + quoted(password) + ";");
    }
    return settings;
  }

  private static String set(String name, String otherwise) {
    String value = System.getenv("PENSTOCK_KAFKA_" + name);
    return value == null || value.isEmpty() ? otherwise : value;
  }

  private static String read(String name) throws Exception {
    return Files.readString(Path.of(set(name, "")));
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
