// A suite of a Java consumer, with what the JDK has: `MOCK=http://127.0.0.1:4055 java Points.java [SEED]`.
// All tests run side by side, in an order that the seed gives.

import java.io.IOException;
import java.net.URI;
import java.net.http.HttpClient;
import java.net.http.HttpRequest;
import java.net.http.HttpRequest.BodyPublishers;
import java.net.http.HttpResponse;
import java.net.http.HttpResponse.BodyHandlers;
import java.util.ArrayList;
import java.util.Collections;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.Random;
import java.util.UUID;
import java.util.concurrent.Callable;
import java.util.concurrent.Executors;
import java.util.concurrent.Future;
import java.util.regex.Matcher;
import java.util.regex.Pattern;

public class Points {
  static final String MOCK = System.getenv("MOCK");
  static final String PATH = "/api/notification-handlers";
  static final HttpClient CLIENT = HttpClient.newHttpClient();
  static final Map<String, Test> TESTS = new LinkedHashMap<>();

  interface Test {
    void run() throws Exception;
  }

  /** The world of one key, which the program under test and the test itself call. */
  static class World {
    final String key = "mock-" + UUID.randomUUID();

    HttpResponse<String> api(String method, String path, String... fields) throws Exception {
      HttpRequest.Builder request = HttpRequest.newBuilder(URI.create(MOCK + path));
      request.header("Authorization", "Bearer " + key);
      if (fields.length > 0) {
        request.header("Content-Type", "multipart/form-data; boundary=points");
      }
      return CLIENT.send(request.method(method, BodyPublishers.ofString(form(fields))).build(), BodyHandlers.ofString());
    }

    HttpResponse<String> list() throws Exception {
      return api("GET", PATH);
    }

    HttpResponse<String> control(String method, String path, String json) throws Exception {
      String target = MOCK + "/_mock" + path + (path.contains("?") ? "&" : "?") + "key=" + key;
      HttpRequest.Builder request = HttpRequest.newBuilder(URI.create(target));
      return CLIENT.send(request.method(method, BodyPublishers.ofString(json)).build(), BodyHandlers.ofString());
    }

    void fail(String json) throws Exception {
      equal(201, control("POST", "/faults", json).statusCode());
    }

    String journal(String query) throws Exception {
      return control("GET", "/journal" + query, "").body();
    }
  }

  static String form(String... fields) {
    StringBuilder body = new StringBuilder();
    for (int at = 0; at < fields.length; at += 2) {
      body.append("--points\r\nContent-Disposition: form-data; name=\"").append(fields[at]);
      body.append("\"\r\n\r\n").append(fields[at + 1]).append("\r\n");
    }
    return body.length() == 0 ? "" : body.append("--points--\r\n").toString();
  }

  static void equal(Object expected, Object actual) {
    if (!Objects.equals(expected, actual)) {
      throw new AssertionError("expected " + expected + ", not " + actual);
    }
  }

  static void contains(String part, String text) {
    if (!text.contains(part)) {
      throw new AssertionError("no " + part + " in " + text);
    }
  }

  static void breaks(Callable<?> call) throws Exception {
    try {
      call.call();
    } catch (IOException expected) {
      return;
    }
    throw new AssertionError("a whole response arrived");
  }

  /** The integer that the first field of a name has. */
  static int number(String name, String json) {
    Matcher found = Pattern.compile("\"" + name + "\":(\\d+)").matcher(json);
    if (!found.find()) {
      throw new AssertionError("no " + name + " in " + json);
    }
    return Integer.parseInt(found.group(1));
  }

  static int count(String part, String text) {
    return text.split(Pattern.quote(part), -1).length - 1;
  }

  static void privateWorlds() {
    for (int turn = 1; turn <= 6; turn++) {
      String name = "Turn " + turn;
      TESTS.put("a private world begins alike, " + turn, () -> {
        World world = new World();
        equal(1, number("total", world.api("GET", PATH + "/").body()));
        world.api("POST", PATH, "name", name, "type", "slack", "slack", "s");
        equal(2, count("\"number\":", world.journal("")));
      });
    }
    TESTS.put("a world is in the list of worlds", () -> {
      World world = new World();
      world.list();
      HttpRequest request = HttpRequest.newBuilder(URI.create(MOCK + "/_mock/worlds")).build();
      String worlds = CLIENT.send(request, BodyHandlers.ofString()).body();
      contains("\"key\":\"" + world.key.substring(0, 6) + "\u2026" + world.key.length() + "\"", worlds);
    });
    TESTS.put("a long text is shown whole", () -> {
      World world = new World();
      String url = "https://example.com/" + "x".repeat(400);
      world.api("POST", PATH, "name", "Team", "type", "slack", "slack", url);
      contains("\"text\":\"" + url + "\"", world.journal("?bodies=true"));
    });
    for (String id : List.of("7.0", "7")) {
      TESTS.put("the id " + id + " is a whole number", () -> {
        World world = new World();
        String state = "{\"handlers\": [{\"type\": \"email\", \"name\": \"a\", \"id\": " + id + "}], \"answers\": []}";
        equal(200, world.control("PUT", "/state", state).statusCode());
        equal("{\"data\":{\"id\":8}}", world.api("POST", PATH, "name", "b", "type", "email").body());
      });
    }
  }

  static void sharedWorld() {
    World shared = new World();
    for (int turn = 1; turn <= 6; turn++) {
      String name = "Turn " + turn;
      TESTS.put("a shared world is one for all, " + turn, () -> {
        int id = number("id", shared.api("POST", PATH, "name", name, "type", "email").body());
        contains("\"name\":\"" + name + "\"", shared.api("GET", PATH + "/" + id).body());
        String calls = shared.journal("?method=post&path=/notification-handlers");
        equal(1, count("\"preview\":\"" + name + "\"", calls));
      });
    }
  }

  static void expectations() {
    for (String name : List.of("list_notification_handlers", "list_notification_handlers_without_slash")) {
      TESTS.put(name + " means all its spellings", () -> {
        World world = new World();
        world.fail("{\"status\": 503, \"times\": 2, \"operation\": \"" + name + "\"}");
        equal(503, world.list().statusCode());
        equal(503, world.api("GET", PATH + "/").statusCode());
        equal(2, count("\"number\":", world.journal("?operation=" + name)));
      });
    }
    for (String query : List.of("method=POTS", "path=/notification-handler", "violation=oops", "operation=list",
        "operation=list_notification_handlers&status=201", "operation=list_notification_handlers&refusal=plan_limit")) {
      TESTS.put("the filter " + query + " is refused", () -> {
        HttpResponse<String> response = new World().control("GET", "/journal?" + query, "");
        equal(400, response.statusCode());
        equal(true, response.body().matches("\\{\"errors\":\\[\\{\"title\":\"(Unknown|Invalid) .*"));
      });
    }
    TESTS.put("a call that does not come is waited for in vain", () -> {
      HttpResponse<String> response = new World().control("GET", "/journal?method=DELETE&wait=1ms", "");
      equal(409, response.statusCode());
      contains("Only 0 of 1 exchanges came within 1ms.", response.body());
    });
    TESTS.put("a call of another thread is waited for", () -> {
      World world = new World();
      Thread later = new Thread(() -> {
        try {
          world.list();
        } catch (Exception error) {
          throw new IllegalStateException(error);
        }
      });
      later.start();
      contains("\"status\":200", world.journal("?wait=20s"));
      later.join();
    });
    String[][] hints = {
        {"An update is a POST here.", "PUT", PATH + "/1"},
        {"The base path is missing.", "GET", "/notification-handlers"},
        {"Invalid type 'Slack' (did you mean 'slack'?).", "POST", PATH, "name", "a", "type", "Slack"},
        {"The field 'name' is missing or empty.", "POST", PATH, "type", "slack"},
    };
    for (String[] each : hints) {
      TESTS.put("hints: " + each[0], () -> {
        World world = new World();
        world.api(each[1], each[2], List.of(each).subList(3, each.length).toArray(new String[0]));
        contains("\"hint\":\"" + each[0], world.journal(""));
      });
    }
  }

  static void faults() {
    String[][] orders = {
        {"{\"wire\": \"melt\"}", "Invalid wire 'melt': use drop, reset, empty, truncate, slow or null."},
        {"{\"status\": 200}", "Invalid status 200: use 400\u2013599."},
        {"{\"status\": 503, \"tims\": 2}", "Unknown field 'tims' (did you mean 'times'?)."},
        {"{\"headers\": {\"Content-Length\": \"1\"}}", "Invalid headers "},
        {"{\"latency\": \"soon\"}", "Invalid latency 'soon': use a time such as 200ms"},
    };
    for (String[] each : orders) {
      TESTS.put("says what is wrong with " + each[0], () -> {
        HttpResponse<String> response = new World().control("POST", "/faults", each[0]);
        equal(400, response.statusCode());
        contains("\"title\":\"" + each[1], response.body());
      });
    }
    TESTS.put("sends a true Retry-After", () -> {
      World world = new World();
      world.fail("{\"refusal\": \"rate_limited\", \"headers\": {\"Retry-After\": \"30\"}}");
      HttpResponse<String> response = world.list();
      equal(429, response.statusCode());
      equal("30", response.headers().firstValue("retry-after").orElse(""));
    });
    for (int status : new int[] {400, 408, 418, 504, 599}) {
      TESTS.put("fails with " + status + " and a body of its own", () -> {
        World world = new World();
        world.fail("{\"status\": " + status + ", \"body\": {\"message\": \"later\"}}");
        HttpResponse<String> response = world.list();
        equal(status, response.statusCode());
        equal("{\"message\":\"later\"}", response.body());
        contains("\"beyond\":[\"status\",\"body\"]", world.journal(""));
      });
    }
    TESTS.put("tells a sequence", () -> {
      World world = new World();
      world.fail("{\"status\": 500, \"scenario\": \"outage\", \"next\": \"over\"}");
      world.fail("{\"refusal\": \"rate_limited\", \"scenario\": \"outage\", \"state\": \"over\"}");
      equal(500, world.list().statusCode());
      equal(429, world.list().statusCode());
    });
    for (String wire : List.of("drop", "reset")) {
      TESTS.put("breaks the connection until it is healed, " + wire, () -> {
        World world = new World();
        world.fail("{\"wire\": \"" + wire + "\"}");
        breaks(world::list);
        world.control("DELETE", "/faults", "");
        equal(200, world.list().statusCode());
      });
      TESTS.put("says that this client repeats a request, " + wire, () -> {
        String order = "{\"wire\": \"" + wire + "\", \"times\": 1}";
        contains("Many clients (Go, Java,", new World().control("POST", "/faults", order).body());
      });
    }
    TESTS.put("cuts a response short", () -> {
      World world = new World();
      world.fail("{\"wire\": \"truncate\"}");
      breaks(world::list);
      equal(200, world.list().statusCode());
    });
    TESTS.put("keeps a fault that found nothing to change", () -> {
      World world = new World();
      world.fail("{\"mutation\": {\"pointer\": \"/data/0/name\", \"change\": \"missing\"}}");
      world.api("GET", PATH + "/1");
      equal(0, number("hits", world.control("GET", "/faults", "").body()));
      equal(0, count("\"name\":\"Work email\"", world.list().body()));
    });
  }

  public static void main(String[] arguments) throws Exception {
    privateWorlds();
    sharedWorld();
    expectations();
    faults();
    List<String> names = new ArrayList<>(TESTS.keySet());
    Collections.shuffle(names, new Random(arguments.length > 0 ? Long.parseLong(arguments[0]) : 1));
    var pool = Executors.newFixedThreadPool(8);
    Map<String, Future<?>> running = new LinkedHashMap<>();
    for (String name : names) {
      running.put(name, pool.submit(() -> {
        TESTS.get(name).run();
        return null;
      }));
    }
    int failed = 0;
    for (var each : running.entrySet()) {
      try {
        each.getValue().get();
        System.out.println("ok " + each.getKey());
      } catch (Exception error) {
        failed++;
        System.out.println("not ok " + each.getKey() + ": " + error.getCause());
      }
    }
    pool.shutdown();
    System.out.println((names.size() - failed) + " passed, " + failed + " failed");
    System.exit(failed == 0 ? 0 : 1);
  }
}
