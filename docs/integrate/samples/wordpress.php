<?php
/* Plugin Name: Rendezvous */

/** One request to Rendezvous; the constants stand in wp-config.php. */
function rendezvous_ask(string $method, string $path, ?array $body = null): array
{
    $answer = wp_remote_request(RENDEZVOUS_URL . $path, [
        'method' => $method, 'timeout' => 10, 'body' => $body === null ? null : json_encode($body),
        'headers' => ['Authorization' => 'Bearer ' . RENDEZVOUS_KEY, 'Content-Type' => 'application/json'],
    ]);
    $json = is_array($answer) ? json_decode($answer['body'], true) : null;
    if ($json === null || $answer['response']['code'] >= 300) throw new RuntimeException('rendezvous: ' . ($json['code'] ?? 'away'));
    return $json;
}

/** Booked, moved, paid: always the same call, with the fields that changed. */
function rendezvous_put_appointment(string $id, array $fields): array
{
    return rendezvous_ask('PUT', "/api/appointments/$id", $fields);
}

/** A link for somebody without an account; tell them the PIN another way. */
function rendezvous_invite(string $id, string $user_id, string $pin): array
{
    return rendezvous_ask('POST', "/api/appointments/$id/invites", ['userId' => $user_id, 'pin' => $pin]);
}

/** For somebody who is logged in here. */
function rendezvous_token(string $id, string $user_id, string $role): array
{
    return rendezvous_ask('POST', '/api/tokens', ['sub' => $user_id, 'role' => $role, 'appointment' => $id]);
}

/** Who waits, who may start, and if not, why not. */
function rendezvous_call_status(string $id): array
{
    return rendezvous_ask('GET', "/api/appointments/$id/call-status");
}

/** The ended call that this webhook tells of, or null if it tells of something else. Throws if it is not genuine. */
function rendezvous_ended_call(string $body, string $id, string $time, string $signatures): ?array
{
    $key = base64_decode(substr(RENDEZVOUS_WEBHOOK_SECRET, strlen('whsec_')));
    $expected = 'v1,' . base64_encode(hash_hmac('sha256', "$id.$time.$body", $key, true));
    $genuine = array_filter(explode(' ', $signatures), fn ($given) => hash_equals($expected, $given));
    if (!$genuine || abs(time() - (int) $time) > 300) throw new DomainException('not from Rendezvous');
    $event = json_decode($body, true, 16, JSON_THROW_ON_ERROR);
    return $event['type'] === 'call.ended' ? rendezvous_ask('GET', '/api/calls/' . $event['data']['callId']) : null;
}
