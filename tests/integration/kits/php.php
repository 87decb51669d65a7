<?php
// A booking system in miniature around the PHP samples, for `php -S`: routes, an HTTP client, and a file as its database.
// The frameworks' own parts (routing, the HTTP facade, wp_remote_request) are played here.

function curl_send(string $method, string $url, ?string $body, array $headers): array
{
    $curl = curl_init($url);
    curl_setopt_array($curl, [
        CURLOPT_CUSTOMREQUEST => $method, CURLOPT_RETURNTRANSFER => true, CURLOPT_TIMEOUT => 10,
        CURLOPT_CAINFO => getenv('RENDEZVOUS_CA'), CURLOPT_HTTPHEADER => $headers,
    ] + ($body === null ? [] : [CURLOPT_POSTFIELDS => $body]));
    $text = curl_exec($curl);
    return ['code' => curl_getinfo($curl, CURLINFO_RESPONSE_CODE), 'body' => $text];
}

function laravel_kit(): array
{
    require __DIR__ . '/../../../docs/integrate/samples/laravel.php';
    $send = function (string $method, string $path, ?array $body): array {
        $headers = ['Authorization: Bearer ' . getenv('RENDEZVOUS_KEY'), 'Content-Type: application/json'];
        $answer = curl_send($method, getenv('RENDEZVOUS_URL') . $path, $body === null ? null : json_encode($body), $headers);
        $json = json_decode($answer['body'], true);
        if ($answer['code'] >= 300) throw new RuntimeException('rendezvous: ' . $json['code']);
        return $json;
    };
    $kit = new App\Services\Rendezvous($send, getenv('RENDEZVOUS_WEBHOOK_SECRET'));
    return [$kit->putAppointment(...), $kit->invite(...), $kit->token(...), $kit->callStatus(...), $kit->endedCall(...)];
}

function wordpress_kit(): array
{
    foreach (['RENDEZVOUS_URL', 'RENDEZVOUS_KEY', 'RENDEZVOUS_WEBHOOK_SECRET'] as $name) define($name, getenv($name));
    require __DIR__ . '/../../../docs/integrate/samples/wordpress.php';
    function wp_remote_request(string $url, array $how): array
    {
        $headers = array_map(fn ($name, $value) => "$name: $value", array_keys($how['headers']), $how['headers']);
        $answer = curl_send($how['method'], $url, $how['body'], $headers);
        return ['body' => $answer['body'], 'response' => ['code' => $answer['code']]];
    }
    return ['rendezvous_put_appointment', 'rendezvous_invite', 'rendezvous_token', 'rendezvous_call_status', 'rendezvous_ended_call'];
}

[$put, $invite, $token, $status, $ended] = getenv('KIT') === 'laravel' ? laravel_kit() : wordpress_kit();
$file = getenv('KIT_DATABASE');
$stored = is_file($file) ? json_decode(file_get_contents($file), true) : ['seen' => [], 'bills' => []];
$path = explode('/', trim(parse_url($_SERVER['REQUEST_URI'], PHP_URL_PATH), '/'));
[$id, $what] = [$path[1] ?? '', $path[2] ?? $path[0]];
$body = file_get_contents('php://input');
$given = json_decode($body, true);
header('Content-Type: application/json');
try {
    if ($_SERVER['REQUEST_METHOD'] === 'PUT') echo json_encode($put($id, $given));
    elseif ($what === 'invites') echo json_encode($invite($id, $given['userId'], $given['pin']));
    elseif ($what === 'tokens') echo json_encode($token($id, $given['userId'], $given['role']));
    elseif ($what === 'call-status') echo json_encode($status($id));
    elseif ($what === 'bill') echo json_encode(['billableSeconds' => $stored['bills'][$id] ?? 0]);
    elseif ($what === 'webhook') {
        $event = $_SERVER['HTTP_WEBHOOK_ID'];
        $call = $ended($body, $event, $_SERVER['HTTP_WEBHOOK_TIMESTAMP'], $_SERVER['HTTP_WEBHOOK_SIGNATURE']);
        if ($call !== null && !in_array($event, $stored['seen'])) {
            $stored['bills'][$call['appointmentId']] = ($stored['bills'][$call['appointmentId']] ?? 0) + $call['billableSeconds'];
        }
        $stored['seen'][] = $event;
        file_put_contents($file, json_encode($stored));
        http_response_code(204);
    }
} catch (DomainException $e) {
    http_response_code(401);
    echo json_encode(['message' => $e->getMessage()]);
} catch (RuntimeException $e) {
    http_response_code(502);
    echo json_encode(['message' => $e->getMessage()]);
}
