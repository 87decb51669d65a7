import base64, hashlib, hmac, json, os, time

import httpx
from fastapi import FastAPI, HTTPException, Request

rendezvous = httpx.AsyncClient(
    base_url=os.environ["RENDEZVOUS_URL"], verify=os.environ.get("RENDEZVOUS_CA", True), timeout=10,
    headers={"Authorization": "Bearer " + os.environ["RENDEZVOUS_KEY"]})
webhook_key = base64.b64decode(os.environ["RENDEZVOUS_WEBHOOK_SECRET"].removeprefix("whsec_"))
seen, bills = set(), {}  # tables of your database
app = FastAPI()


async def ask(method: str, path: str, body: dict | None = None) -> dict:
    answer = await rendezvous.request(method, path, json=body)
    if answer.is_error:  # application/problem+json: {"code": "...", "requestId": "..."}
        raise HTTPException(502, "rendezvous: " + answer.json()["code"])
    return answer.json()


@app.put("/appointments/{id}")  # booked, moved, paid: always the same call, with the fields that changed
async def put_appointment(id: str, fields: dict):
    return await ask("PUT", f"/api/appointments/{id}", fields)


@app.post("/appointments/{id}/invites")  # a link for somebody without an account; tell them the PIN another way
async def invite(id: str, who: dict):
    return await ask("POST", f"/api/appointments/{id}/invites", {"userId": who["userId"], "pin": who["pin"]})


@app.post("/appointments/{id}/tokens")  # for somebody who is logged in here
async def token(id: str, who: dict):
    return await ask("POST", "/api/tokens", {"sub": who["userId"], "role": who["role"], "appointment": id})


@app.get("/appointments/{id}/call-status")  # who waits, who may start, and if not, why not
async def call_status(id: str):
    return await ask("GET", f"/api/appointments/{id}/call-status")


@app.post("/webhook", status_code=204)
async def webhook(request: Request):
    body, head = await request.body(), request.headers
    signed = f'{head["webhook-id"]}.{head["webhook-timestamp"]}.'.encode() + body
    expected = "v1," + base64.b64encode(hmac.digest(webhook_key, signed, hashlib.sha256)).decode()
    genuine = any(hmac.compare_digest(expected, given) for given in head["webhook-signature"].split())
    if not genuine or abs(time.time() - int(head["webhook-timestamp"])) > 300:
        raise HTTPException(401, "not from rendezvous")
    event = json.loads(body)
    if event["type"] == "call.ended" and head["webhook-id"] not in seen:  # it may come twice
        call = await ask("GET", "/api/calls/" + event["data"]["callId"])
        bills[call["appointmentId"]] = bills.get(call["appointmentId"], 0) + call["billableSeconds"]
    seen.add(head["webhook-id"])


@app.get("/appointments/{id}/bill")
async def bill(id: str):
    return {"billableSeconds": bills.get(id, 0)}
