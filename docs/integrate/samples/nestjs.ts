import { BadGatewayException, Body, Controller, Get, HttpCode, Param, Post, Put, Req, UnauthorizedException } from '@nestjs/common';
import type { RawBodyRequest } from '@nestjs/common';
import { createHmac, timingSafeEqual } from 'node:crypto';
import type { IncomingMessage } from 'node:http';

const { RENDEZVOUS_URL, RENDEZVOUS_KEY, RENDEZVOUS_WEBHOOK_SECRET } = process.env;
const webhookKey = Buffer.from(RENDEZVOUS_WEBHOOK_SECRET!.replace('whsec_', ''), 'base64');
const seen = new Set<string>(), bills = new Map<string, number>(); // tables of your database

async function ask(method: string, path: string, body?: object): Promise<any> {
  const headers = { authorization: `Bearer ${RENDEZVOUS_KEY}`, 'content-type': 'application/json' };
  const answer = await fetch(RENDEZVOUS_URL + path, { method, headers, body: body && JSON.stringify(body) });
  const json = await answer.json();
  if (!answer.ok) throw new BadGatewayException(`rendezvous: ${json.code}`); // application/problem+json
  return json;
}

function verify(body: Buffer, { 'webhook-id': id, 'webhook-timestamp': at, 'webhook-signature': given }: Record<string, any>) {
  const expected = Buffer.from('v1,' + createHmac('sha256', webhookKey).update(`${id}.${at}.`).update(body).digest('base64'));
  const genuine = given.split(' ').some((each: string) => each.length === expected.length && timingSafeEqual(Buffer.from(each), expected));
  if (!genuine || Math.abs(Date.now() / 1000 - at) > 300) throw new UnauthorizedException('not from rendezvous');
  return JSON.parse(body.toString());
}

@Controller()
export class RendezvousController {
  @Put('appointments/:id') // booked, moved, paid: always the same call, with the fields that changed
  put(@Param('id') id: string, @Body() fields: object) { return ask('PUT', `/api/appointments/${id}`, fields); }

  @Post('appointments/:id/invites') // a link for somebody without an account; tell them the PIN another way
  invite(@Param('id') id: string, @Body() { userId, pin }: any) { return ask('POST', `/api/appointments/${id}/invites`, { userId, pin }); }

  @Post('appointments/:id/tokens') // for somebody who is logged in here
  token(@Param('id') id: string, @Body() { userId, role }: any) { return ask('POST', '/api/tokens', { sub: userId, role, appointment: id }); }

  @Get('appointments/:id/call-status') // who waits, who may start, and if not, why not
  callStatus(@Param('id') id: string) { return ask('GET', `/api/appointments/${id}/call-status`); }

  @Post('webhook') @HttpCode(204)
  async webhook(@Req() request: RawBodyRequest<IncomingMessage>) {
    const event = verify(request.rawBody!, request.headers);
    const id = request.headers['webhook-id'] as string;
    if (event.type === 'call.ended' && !seen.has(id)) { // it may come twice
      const { appointmentId, billableSeconds } = await ask('GET', `/api/calls/${event.data.callId}`);
      bills.set(appointmentId, (bills.get(appointmentId) ?? 0) + billableSeconds);
    }
    seen.add(id);
  }

  @Get('appointments/:id/bill')
  bill(@Param('id') id: string) { return { billableSeconds: bills.get(id) ?? 0 }; }
}
