// A suite of a Java consumer, with what the JDK has: `MOCK=http://127.0.0.1:4055 java Points.java [SEED]`.
// All tests run side by side, in an order that the seed gives. PROGRAM is the command bitpeak-mock, for a mock of the suite's
// own, and CAPSULE a file that pytest left of a failed test.

import java.io.BufferedReader;
import java.io.File;
import java.io.IOException;
import java.io.InputStreamReader;
import java.net.Socket;
import java.net.URI;
import java.net.http.HttpClient;
import java.net.http.HttpRequest;
import java.net.http.HttpRequest.BodyPublishers;
import java.net.http.HttpResponse;
import java.net.http.HttpResponse.BodyHandlers;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Collections;
import java.util.Comparator;
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
    final String key;

    World() {
      this("mock-" + UUID.randomUUID());
    }

    World(String key) {
      this.key = key;
    }

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

  record Ended(String out, long pid) {}

  /** Run a command to its end. */
  static Ended run(String input, Map<String, String> environment, String... words) throws Exception {
    ProcessBuilder command = new ProcessBuilder(words).redirectError(ProcessBuilder.Redirect.DISCARD);
    command.environment().putAll(environment);
    Process process = command.start();
    process.getOutputStream().write(input.getBytes(StandardCharsets.UTF_8));
    process.getOutputStream().close();
    String out = new String(process.getInputStream().readAllBytes(), StandardCharsets.UTF_8);
    equal(0, process.waitFor());
    return new Ended(out, process.pid());
  }

  /** All values of a pattern's group in a text. */
  static List<String> all(String pattern, String text) {
    return Pattern.compile(pattern).matcher(text).results().map(found -> found.group(1)).toList();
  }

  static void programs() {
    TESTS.put("a world is given to a program by the environment", () -> {
      World world = new World();
      String program = "curl -fsS \"$URL\" --header \"Authorization: Bearer $KEY\"";
      run(program, Map.of("URL", MOCK + PATH, "KEY", world.key), "sh");
      contains("\"status\":200", world.journal("?count=1&wait=20s"));
    });
    String[][] queries = {
        {"", "Name the world: add ?key=mock-key or"},
        {"?key=real", "The key must begin with 'mock'"},
        {"?key=mock-a&strict=yes", "Unknown parameter 'strict'."},
    };
    for (String[] each : queries) {
      TESTS.put("a world is never taken for granted, " + each[0], () -> {
        HttpRequest.Builder request = HttpRequest.newBuilder(URI.create(MOCK + "/_mock/faults" + each[0]));
        request.POST(BodyPublishers.ofString("{\"status\": 503}"));
        HttpResponse<String> response = CLIENT.send(request.build(), BodyHandlers.ofString());
        equal(400, response.statusCode());
        contains("\"title\":\"" + each[1], response.body());
      });
    }
    String program = System.getenv("PROGRAM");
    String capsule = System.getenv("CAPSULE");
    TESTS.put("a capsule is replayed to its end", () -> {
      String out = run("", Map.of(), program, "replay", capsule).out();
      equal(("same    GET " + PATH + "/1 200\n").repeat(6), out);
    });
    TESTS.put("a capsule becomes a script that makes all calls", () -> {
      String script = run("", Map.of(), program, "replay", capsule, "--as", "curl").out();
      long pid = run(script, Map.of("MOCK", MOCK), "sh").pid();
      World world = new World("mock-replay-" + pid + "-1");
      List<String> wires = all("\"wire\":\"?(\\w+)", world.journal(""));
      equal(List.of("drop", "reset", "empty", "truncate", "slow", "null"), wires);
    });
    TESTS.put("a capsule becomes an archive of what arrived", () -> {
      String archive = run("", Map.of(), program, "replay", capsule, "--as", "har").out();
      equal(List.of("0", "0", "200", "200", "200", "200"), all("\"status\": (\\d+)", archive));
    });
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

  static void memory() {
    TESTS.put("an undo is of one world, and of what it names", () -> {
      World world = new World();
      World other = new World();
      Matcher before = Pattern.compile("\"handlers\":(\\[.*?\\}\\])").matcher(world.control("GET", "/state", "").body());
      equal(true, before.find());
      world.control("PUT", "/state", "{\"handlers\": []}");
      world.fail("{\"status\": 503}");
      other.api("POST", PATH, "name", "New", "type", "email");
      world.control("PUT", "/state", "{" + before.group() + "}");
      String mine = world.control("GET", "/state", "").body();
      contains(before.group(), mine);
      contains("\"status\":503", mine);
      String others = other.control("GET", "/state", "").body();
      contains("\"name\":\"New\"", others);
      contains("\"faults\":[]", others);
    });
    TESTS.put("forgotten calls are never taken for none", () -> {
      World world = new World();
      world.api("GET", PATH + "/?colour=red");
      for (int turn = 0; turn < 1005; turn++) {
        world.api("GET", PATH + "/1");
      }
      equal(410, world.control("GET", "/journal?violation=any", "").statusCode());
      equal(1006, number("number", world.journal("?limit=1&partial=true")));
    });
    TESTS.put("meets a client that tries again", () -> {
      World world = new World();
      world.fail("{\"status\": 503, \"times\": 2}");
      while (world.list().statusCode() != 200) {
        continue;
      }
      String calls = world.journal("");
      equal(3, count("\"number\":", calls));
      equal(2, count("\"status\":503,", calls));
    });
    TESTS.put("meets a client that repeats a request by itself", () -> {
      World world = new World();
      HttpClient client = HttpClient.newHttpClient();
      HttpRequest.Builder request = HttpRequest.newBuilder(URI.create(MOCK + PATH));
      HttpRequest list = request.header("Authorization", "Bearer " + world.key).build();
      equal(200, client.send(list, BodyHandlers.ofString()).statusCode());
      world.fail("{\"wire\": \"drop\", \"times\": 1}");
      equal(200, client.send(list, BodyHandlers.ofString()).statusCode());
      equal(List.of("null", "drop", "null"), all("\"wire\":\"?(\\w+)", world.journal("")));
    });
    TESTS.put("keeps what a fault on the wire spoilt", () -> {
      World world = new World();
      world.fail("{\"wire\": \"truncate\", \"times\": 1}");
      breaks(world::list);
      world.list();
      String calls = world.journal("");
      equal(1, count("\"wire\":\"truncate\"", calls));
      equal(1, count("\"wire\":null", calls));
    });
    TESTS.put("a frozen clock holds no wait and no latency", () -> {
      World world = new World();
      world.control("PATCH", "/clock", "{\"frozen\": true}");
      equal(409, world.control("GET", "/journal?method=DELETE&wait=1ms", "").statusCode());
      world.fail("{\"latency\": \"1h\"}");
      equal(200, world.list().statusCode());
    });
  }

  interface OwnTest {
    void run(URI url) throws Exception;
  }

  // Somebody's settings for another mock.
  static final Map<String, String> FOREIGN = Map.of(
      "BITPEAK_MOCK_PORT", "tcp://10.0.0.1:80", "BITPEAK_MOCK_UPSTREAM", "http://127.0.0.1:1",
      "BITPEAK_MOCK_RECORD", "today.jsonl", "BITPEAK_MOCK_CONTROL_TOKEN", "secret", "BITPEAK_MOCK_STRICT", "1");

  /**
   * Start a mock for a few connections, beside modules of its own names and foreign settings. It must end without a
   * traceback.
   */
  static void withOwn(OwnTest test) throws Exception {
    Path folder = Files.createTempDirectory("points");
    for (String name : List.of("mock_server", "queue", "click", "email/__init__", "contract_tests/__init__")) {
      Path file = folder.resolve(name + ".py");
      Files.createDirectories(file.getParent());
      Files.writeString(file, "raise SystemExit(9)");
    }
    Files.writeString(folder.resolve("today.jsonl"), "a recording");
    Path log = folder.resolve("log");
    String command = "ulimit -n 40; exec \"$0\" serve --port 0 --ignore-env";
    ProcessBuilder own = new ProcessBuilder("sh", "-c", command, System.getenv("PROGRAM"));
    own.environment().putAll(FOREIGN);
    Process process = own.directory(folder.toFile()).redirectError(log.toFile()).start();
    try (BufferedReader said = new BufferedReader(new InputStreamReader(process.getInputStream()))) {
      String line = said.readLine();
      while (!line.startsWith("ready ")) {
        line = said.readLine();
      }
      test.run(URI.create(line.substring("ready ".length())));
    } finally {
      process.destroy();
      equal(0, process.waitFor());
      equal(0, count("Traceback", Files.readString(log)));
      equal("a recording", Files.readString(folder.resolve("today.jsonl")));
      try (var files = Files.walk(folder)) {
        files.sorted(Comparator.reverseOrder()).map(Path::toFile).forEach(File::delete);
      }
    }
  }

  static void ownMocks() {
    TESTS.put("a mock has no setting of another mock", () -> withOwn(url -> {
      URI state = url.resolve("/_mock/state?key=mock");
      HttpRequest seed = HttpRequest.newBuilder(state).PUT(BodyPublishers.ofString("{\"handlers\": []}")).build();
      equal(200, CLIENT.send(seed, BodyHandlers.ofString()).statusCode());
      HttpRequest.Builder list = HttpRequest.newBuilder(url.resolve(PATH + "?colour=red"));
      HttpResponse<String> response =
          CLIENT.send(list.header("Authorization", "Bearer mock").build(), BodyHandlers.ofString());
      equal(200, response.statusCode());
      contains("\"data\":[]", response.body());
    }));
    TESTS.put("a mock ends although a process that was left has a connection to it", () -> {
      Process[] left = {null};
      withOwn(url -> {
        String request = "GET " + PATH + "/ HTTP/1.1\\r\\nHost: localhost\\r\\n\\r\\n";
        String program = "exec 3<>\"/dev/tcp/$0/$1\"; printf '" + request + "' >&3; head -c 1 <&3; exec sleep 600";
        String port = String.valueOf(url.getPort());
        left[0] = new ProcessBuilder("bash", "-c", program, url.getHost(), port).start();
        equal("H", new String(left[0].getInputStream().readNBytes(1)));
      });
      equal(true, left[0].isAlive());
      left[0].destroy();
    });
    TESTS.put("a mock without descriptors says how it does", () -> withOwn(url -> {
      List<Socket> others = new ArrayList<>();
      for (int turn = 0; turn < 12; turn++) {
        others.add(new Socket(url.getHost(), url.getPort()));
      }
      for (String path : List.of("health", "control.yaml", "journal?key=mock")) {
        HttpRequest request = HttpRequest.newBuilder(url.resolve("/_mock/" + path)).build();
        equal(200, CLIENT.send(request, BodyHandlers.ofString()).statusCode());
      }
      for (Socket other : others) {
        other.close();
      }
    }));
    TESTS.put("clients that reset leave no traceback", () -> withOwn(url -> {
      String request = "GET " + PATH + "/ HTTP/1.1\r\nHost: " + url.getHost() + "\r\nConnection: close\r\n\r\n";
      for (int turn = 0; turn < 20; turn++) {
        try (Socket client = new Socket(url.getHost(), url.getPort())) {
          client.getOutputStream().write(request.getBytes(StandardCharsets.US_ASCII));
          client.setSoLinger(true, 0);
        }
      }
      HttpRequest health = HttpRequest.newBuilder(url.resolve("/_mock/health")).build();
      equal(200, CLIENT.send(health, BodyHandlers.ofString()).statusCode());
    }));
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
    programs();
    expectations();
    memory();
    ownMocks();
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
