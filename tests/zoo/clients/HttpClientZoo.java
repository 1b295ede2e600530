// Java's own HttpClient, as it is by default: it offers HTTP/2 and has no forms, so the body is written by hand,
// in the usual way. A stream as the body goes in chunks.
import java.io.ByteArrayInputStream;
import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.net.URI;
import java.net.URLEncoder;
import java.net.http.HttpClient;
import java.net.http.HttpRequest;
import java.net.http.HttpRequest.BodyPublisher;
import java.net.http.HttpRequest.BodyPublishers;
import java.net.http.HttpResponse.BodyHandlers;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.UUID;

public class HttpClientZoo {
    public static void main(String[] args) throws Exception {
        String form = args[2];
        String boundary = UUID.randomUUID().toString();
        boolean urlencoded = form.equals("urlencoded");
        byte[] body = urlencoded ? urlencoded(args) : multipart(args, boundary);
        BodyPublisher publisher = form.equals("chunked")
            ? BodyPublishers.ofInputStream(() -> new ByteArrayInputStream(body))
            : BodyPublishers.ofByteArray(body);
        String type = urlencoded ? "application/x-www-form-urlencoded" : "multipart/form-data; boundary=" + boundary;
        HttpRequest request = HttpRequest.newBuilder(URI.create(args[0]))
            .header("Authorization", "Bearer " + args[1])
            .header("Content-Type", type)
            .POST(publisher)
            .build();
        int status = HttpClient.newHttpClient().send(request, BodyHandlers.discarding()).statusCode();
        if (status >= 300) throw new IOException("status " + status);
    }

    private static byte[] urlencoded(String[] args) {
        StringBuilder body = new StringBuilder();
        for (int at = 3; at < args.length; at += 3) {
            body.append(body.length() == 0 ? "" : "&").append(args[at + 1]).append('=');
            body.append(URLEncoder.encode(args[at + 2], StandardCharsets.UTF_8));
        }
        return body.toString().getBytes(StandardCharsets.UTF_8);
    }

    private static byte[] multipart(String[] args, String boundary) throws IOException {
        ByteArrayOutputStream body = new ByteArrayOutputStream();
        for (int at = 3; at < args.length; at += 3) {
            String name = args[at + 1], value = args[at + 2];
            String head = "--" + boundary + "\r\nContent-Disposition: form-data; name=\"" + name + "\"";
            if (args[at].equals("file")) {
                head += "; filename=\"" + value.replace("\"", "%22") + "\"\r\nContent-Type: application/octet-stream";
            }
            body.write((head + "\r\n\r\n").getBytes(StandardCharsets.UTF_8));
            body.write(args[at].equals("file") ? Files.readAllBytes(Path.of(value)) : value.getBytes(StandardCharsets.UTF_8));
            body.write("\r\n".getBytes(StandardCharsets.UTF_8));
        }
        body.write(("--" + boundary + "--\r\n").getBytes(StandardCharsets.UTF_8));
        return body.toByteArray();
    }
}
