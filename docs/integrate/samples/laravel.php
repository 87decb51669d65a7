<?php

namespace App\Services;

/** The calls of a booking system to Rendezvous, and the events that come back. */
final class Rendezvous
{
    /** @param \Closure(string, string, ?array): array $send method, path, body; throws if the answer is an error */
    public function __construct(private \Closure $send, private string $webhookSecret) {}

    /** Booked, moved, paid: always the same call, with the fields that changed. */
    public function putAppointment(string $id, array $fields): array
    {
        return ($this->send)('PUT', "/api/appointments/$id", $fields);
    }

    /** A link for somebody without an account; tell them the PIN another way. */
    public function invite(string $id, string $userId, string $pin): array
    {
        return ($this->send)('POST', "/api/appointments/$id/invites", ['userId' => $userId, 'pin' => $pin]);
    }

    /** For somebody who is logged in here. */
    public function token(string $id, string $userId, string $role): array
    {
        return ($this->send)('POST', '/api/tokens', ['sub' => $userId, 'role' => $role, 'appointment' => $id]);
    }

    /** Who waits, who may start, and if not, why not. */
    public function callStatus(string $id): array
    {
        return ($this->send)('GET', "/api/appointments/$id/call-status", null);
    }

    /** The ended call that this webhook tells of, or null if it tells of something else. Throws if it is not genuine. */
    public function endedCall(string $body, string $id, string $timestamp, string $signatures): ?array
    {
        $key = base64_decode(substr($this->webhookSecret, strlen('whsec_')));
        $expected = 'v1,' . base64_encode(hash_hmac('sha256', "$id.$timestamp.$body", $key, true));
        $genuine = array_filter(explode(' ', $signatures), fn ($given) => hash_equals($expected, $given));
        if (!$genuine || abs(time() - (int) $timestamp) > 300) throw new \DomainException('not from Rendezvous');
        $event = json_decode($body, true, 16, JSON_THROW_ON_ERROR);
        if ($event['type'] !== 'call.ended') return null;
        return ($this->send)('GET', '/api/calls/' . $event['data']['callId'], null); // has billableSeconds
    }
}
