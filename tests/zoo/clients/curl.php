<?php
// PHP's curl: an array of fields is sent as multipart, a text as urlencoded.
[, $url, $key, $form] = $argv;
$fields = [];
foreach (array_chunk(array_slice($argv, 4), 3) as [$kind, $name, $value]) {
    $fields[$name] = $kind === 'file' ? new CURLFile($value) : $value;
}
$request = curl_init($url);
curl_setopt_array($request, [
    CURLOPT_HTTPHEADER => ["Authorization: Bearer $key"],
    CURLOPT_POSTFIELDS => $form === 'urlencoded' ? http_build_query($fields) : $fields,
    CURLOPT_RETURNTRANSFER => true,
    CURLOPT_FAILONERROR => true,
]);
if (curl_exec($request) === false) {
    fwrite(STDERR, curl_error($request) . "\n");
    exit(1);
}
