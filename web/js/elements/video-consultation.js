import { announce } from '../lib/announce.js';
import { chime } from '../lib/chime.js';
import { h, showOnly } from '../lib/dom.js';
import { formatTime, t } from '../lib/i18n.js';
import { storePlace, storedPlace } from '../lib/tab-store.js';
import { ScreenLock } from '../lib/wake.js';
import { environmentProblem } from '../media/media-errors.js';
import { callButton, counterpart } from '../session/call-button.js';
import { createMedia, createRoomSession } from '../session/create.js';
import { mediaProblem } from '../session/media-problem.js';
import { problemCode } from '../session/problems.js';
import { AppointmentLanding } from './appointment-landing.js';
import { BaseElement } from './base-element.js';
import { CallSummary } from './call-summary.js';
import { ProblemCard } from './problem-card.js';
import { VideoCallInterface } from './video-call-interface.js';
import { WaitingRoom } from './waiting-room.js';

const LANDING_REFRESH_MS = 20000;
const ATTEMPTS_BEFORE_PROBLEM = 2;

/**
 * `<video-consultation appointment-id user-role>`: one appointment from the first screen to the last.
 * Attributes: `appointment-id`; `user-role`; `auto-enter` (no landing: into the room, and into the call).
 * Property `identity` {server, getToken, api}, needed before it does anything.
 * Events: `call-screen` {screen: 'landing' | 'waiting' | 'call' | 'ended' | 'problem', title},
 * `call-attention` {kind: 'arrival' | 'call', text}, `call-closed`.
 */
export class VideoConsultation extends BaseElement {
  static tag = 'video-consultation';
  static observedAttributes = ['appointment-id'];

  static css = '.opening { display: flex; gap: 0.8rem; align-items: center; justify-content: center; padding: 3rem 1rem; font-size: 1.15rem; }';

  #identity = null;
  #appointment = null;
  #status = null;
  #clinic = null;
  #media = null;
  #session = null;
  #screen = null;
  #soundOnly = false;
  #listenOnly = false;
  #checking = false;
  #busy = false;
  #ended = null;
  #autoEnter = false;
  #takeover = false;
  #onProblem = {};
  #landingTimer = null;
  #screenLock = new ScreenLock();

  set identity(identity) {
    this.#identity = identity;
    this.#begin();
  }

  connected() {
    this.#begin();
  }

  disconnected() {
    clearInterval(this.#landingTimer);
    this.#closeSession();
    this.#media?.release();
    this.#screenLock.set(false);
  }

  build() {
    const on = (type, handle) => this.root.addEventListener(type, (event) => handle(event.detail.name, event.detail));
    on('landing-action', (name) => this.#landingAction(name));
    on('waiting-action', (name) => this.#waitingAction(name));
    on('call-action', (name) => this.#callAction(name));
    on('summary-action', (name) => this.#summaryAction(name));
    on('problem-action', (name) => this.#problemAction(name));
  }

  update() {
    if (this.#screen === 'landing') this.#updateLanding();
    if (this.#screen === 'ended') this.#updateSummary();
  }

  /** @returns {any} the element of the present screen */
  get #shown() {
    return this.root.lastElementChild;
  }

  get #me() {
    return { userId: this.#identity.userId, role: this.getAttribute('user-role') ?? 'patient' };
  }

  #path(rest = '') {
    return `/api/appointments/${encodeURIComponent(this.getAttribute('appointment-id') ?? '')}${rest}`;
  }

  async #begin() {
    if (!this.#identity || !this.isConnected || this.#media) return;
    this.#media = createMedia();
    this.#media.on('lost', ({ kind }) => this.#deviceLost(kind));
    this.#autoEnter = this.hasAttribute('auto-enter');
    const problem = environmentProblem(window);
    if (problem) {
      this.#showProblem(mediaProblem(problem, { microphoneOn: false, userAgent: navigator.userAgent }));
      return;
    }
    await this.#load();
  }

  async #load() {
    const { api } = this.#identity;
    this.#showOpening();
    try {
      const [appointment, status, config] = await Promise.all([
        api.get(this.#path()), api.get(this.#path('/call-status')), api.get('/api/webrtc/config').catch(() => null)]);
      this.#appointment = { ...appointment, callStatus: status.callStatus, opensAt: status.opensAt, closesAt: status.closesAt };
      this.#status = status;
      this.#clinic = config?.clinic ?? null;
      this.notify('call-clinic', this.#clinic);
    } catch (error) {
      this.#showError(error, { retry: () => this.#load() });
      return;
    }
    if (this.#status.reason === 'appointment-closed') this.#showError({ code: 'appointment-closed' }, {});
    else if (this.#autoEnter || this.#wasHere()) this.#enter();
    else this.#showLanding();
  }

  #showOpening() {
    this.#screen = null;
    showOnly(this.root, h('p', { class: 'opening', role: 'status' }, h('span', { class: 'spinner' }), t('landing.opening')));
  }

  /** After a reload the person is where they were: in the waiting room, or back in their seat. */
  #wasHere() {
    const before = storedPlace();
    if (before?.appointmentId !== this.getAttribute('appointment-id')) return false;
    const seatKept = (this.#status.call?.participants ?? []).some((each) => (
      each.userId === this.#identity.userId && (each.state === 'joined' || each.state === 'reconnecting')));
    this.#autoEnter = before.place === 'call' && seatKept;
    return before.place === 'waiting' || seatKept;
  }

  #show(screen, tag, properties) {
    let element = this.#shown;
    if (this.#screen !== screen || element?.localName !== tag) {
      element = document.createElement(tag);
      Object.assign(element, properties);
      clearInterval(this.#landingTimer);
      this.#screen = screen;
      showOnly(this.root, element);
      requestAnimationFrame(() => element.focusHeading());
      const here = screen === 'waiting' || screen === 'call';
      this.#screenLock.set(here);
      if (here) storePlace({ appointmentId: this.getAttribute('appointment-id'), place: screen });
      else if (screen !== 'problem') storePlace(null);
      this.notify('call-screen', { screen, title: t(`title.${screen}`) });
    } else {
      Object.assign(element, properties);
    }
  }

  #showLanding() {
    this.#show('landing', AppointmentLanding.tag, {});
    this.#updateLanding();
    this.#landingTimer = setInterval(() => this.#refreshLanding(), LANDING_REFRESH_MS);
  }

  #updateLanding() {
    this.#shown.view = {
      appointment: this.#appointment, me: this.#me, clinic: this.#clinic, media: this.#media, status: this.#status,
      checking: this.#checking, busy: this.#busy };
  }

  async #refreshLanding() {
    if (document.visibilityState !== 'visible') return;
    const status = await this.#identity.api.get(this.#path('/call-status')).catch(() => null);
    if (!status || this.#screen !== 'landing') return;
    this.#status = status;
    this.#appointment = { ...this.#appointment, callStatus: status.callStatus, opensAt: status.opensAt, closesAt: status.closesAt };
    this.invalidate();
  }

  async #landingAction(name) {
    if (name === 'sound-only') this.#soundOnly = true;
    if (name === 'check') {
      await this.#withMedia(() => { this.#checking = true; this.#backToLanding(); });
    } else {
      await this.#enter();
    }
  }

  /** Unplugged or taken away: another device of the kind may be there. */
  async #deviceLost(kind) {
    announce(t(`problem.DEV-5.${kind}`), { kind: 'device', assertive: true });
    await (kind === 'audio' ? this.#media.setMicrophone(true) : this.#media.setCamera(true));
  }

  #backToLanding() {
    if (this.#screen === 'landing') this.invalidate();
    else this.#showLanding();
  }

  /** Into the waiting room: devices first, so that the picture is there, then the socket. */
  #enter() {
    return this.#withMedia(() => this.#openSession());
  }

  /** Gets the devices and goes on, or explains what is wrong and goes on from there. */
  async #withMedia(next) {
    const video = this.#appointment.media !== 'audio' && !this.#soundOnly;
    this.#busy = true;
    this.invalidate();
    const { code } = this.#listenOnly ? { code: null } : await this.#media.acquire({ video });
    this.#busy = false;
    this.invalidate();
    if (!code) {
      await next();
      return;
    }
    const problem = mediaProblem(code, { microphoneOn: this.#media.microphoneOn, userAgent: navigator.userAgent });
    this.#showProblem(problem, {
      retry: () => this.#withMedia(next),
      sound: () => { this.#soundOnly = true; return this.#withMedia(next); },
      listen: () => { this.#listenOnly = true; return next(); },
    });
  }

  #openSession() {
    this.#closeSession();
    const session = createRoomSession(this.#identity, this.getAttribute('appointment-id'), this.#media);
    this.#session = session;
    session.on('change', () => this.#sessionChanged());
    session.on('message', (message) => this.#sessionMessage(message));
    session.on('ended', (detail) => this.#callEnded(detail));
    session.on('closed', (detail) => this.#sessionClosed(detail));
    if (!this.#autoEnter) this.#showWaiting();
    session.open();
  }

  #closeSession() {
    const session = this.#session;
    this.#session = null;
    session?.close();
  }

  #showWaiting() {
    this.#show('waiting', WaitingRoom.tag, { session: this.#session, media: this.#media });
  }

  #sessionChanged() {
    const session = this.#session;
    if (!session) return;
    if (session.room === null) {
      this.#watchFirstConnection(session);
      return;
    }
    if (this.#screen === 'problem' && this.#onProblem.untilOnline) this.#leaveProblem();
    if (this.#autoEnter || this.#takeover) this.#enterAtOnce();
    else if (session.place !== 'out' && this.#screen !== 'call') this.#showCall();
    this.invalidate();
  }

  #watchFirstConnection(session) {
    if (session.signalingState !== 'waiting' || session.attempt < ATTEMPTS_BEFORE_PROBLEM) return;
    if (this.#screen === 'problem' && this.#onProblem.untilOnline) return;
    this.#showProblem({ code: problemCode('network', { online: navigator.onLine }), actions: [{ name: 'now', label: 're.now' }] },
      { now: () => session.retryNow(), untilOnline: true });
  }

  #leaveProblem() {
    this.#onProblem = {};
    if (!this.#autoEnter) this.#showWaiting();
  }

  #enterAtOnce() {
    const takeover = this.#takeover;
    this.#autoEnter = false;
    this.#takeover = false;
    const { room, you } = this.#session;
    const { action } = callButton({
      callStatus: room.callStatus, call: room.call, userId: you.userId, role: you.role, inCall: you.inCall,
      canStart: room.canStart, canJoin: room.canJoin, reason: room.reason, startPolicy: room.appointment?.startPolicy });
    if (action === 'none' && !takeover) this.#showWaiting();
    else this.#takePart(room.call ? 'join' : 'start', takeover);
  }

  #waitingAction(name) {
    if (name === 'start' || name === 'join') this.#takePart(name);
    else if (name === 'microphone') this.#media.setMicrophone(!this.#media.microphoneOn);
    else if (name === 'camera') this.#media.setCamera(!this.#media.cameraOn);
    else this.#leaveRoom();
  }

  async #takePart(action, takeover = false) {
    const session = this.#session;
    try {
      await (action === 'start' ? session.startCall() : session.joinCall(takeover ? { takeover } : {}));
    } catch (error) {
      if (session !== this.#session) return;
      const more = error.code === 'in-call-elsewhere' ? { takeover: () => this.#takePart('join', true) }
        : { retry: () => this.#showWaiting() };
      this.#showError(error, more);
    }
  }

  #showCall() {
    this.#show('call', VideoCallInterface.tag, { session: this.#session, media: this.#media });
  }

  #callAction(name) {
    if (name === 'leave') this.#session?.leaveCall();
    if (name === 'end') this.#session?.endCall();
  }

  #callEnded(detail) {
    this.#media.release();
    const { room, you } = this.#session;
    const name = room && you ? counterpart(room.participants, you)?.name : '';
    this.#ended = { ...detail, name: name || t('someone') };
    this.#show('ended', CallSummary.tag, {});
    this.#updateSummary();
    announce(t('end.title'), { kind: 'ended' });
  }

  #updateSummary() {
    const room = this.#session?.room;
    const open = room?.callStatus === 'waiting' || room?.callStatus === 'active';
    const left = this.#ended.reason === 'left';
    this.#shown.summary = {
      ...this.#ended, canRejoin: Boolean(open), canStartAgain: Boolean(room && !open && room.canStart),
      canClose: this.hasAttribute('closable'), state: left && open ? room.callStatus : 'ended' };
  }

  #summaryAction(name) {
    if (name === 'close') this.notify('call-closed');
    else this.#withMedia(() => this.#takePart(this.#session.room?.call ? 'join' : 'start'));
  }

  #leaveRoom() {
    this.#closeSession();
    this.#media.release();
    this.#checking = false;
    if (this.hasAttribute('closable')) this.notify('call-closed');
    else this.#load();
  }

  #sessionMessage(message) {
    const { you, room } = this.#session;
    const other = counterpart(room?.participants ?? [], you);
    const name = other?.name || t('someone');
    if (message.type === 'activeCall' && message.call.startedBy !== you.userId && this.#session.place === 'out') {
      this.#attention('call', t('wait.ready', { name }));
    } else if (message.type === 'participant' && message.change === 'entered'
      && message.participant.participantId === other?.participantId && this.#session.place === 'out') {
      this.#attention('arrival', t('wait.here', { name }));
    }
  }

  #attention(kind, text) {
    chime(kind);
    announce(text, { kind: 'attention', assertive: kind === 'call' });
    this.notify('call-attention', { kind, text });
  }

  #sessionClosed({ problem, code, retryAfterMs }) {
    if (problem === null) return;
    this.#media.release();
    const reopen = () => this.#enter();
    const moved = problem === 'taken-over';
    if (moved) this.#session = null;
    this.#showError({ code: problem, retryAfterMs }, code === 4102 || code >= 4400 || !moved ? { retry: reopen }
      : { takeover: () => { this.#takeover = true; return this.#enter(); } });
  }

  /** @param {{code?: string, retryAfterMs?: number}} error @param {Record<string, () => any>} handlers */
  #showError(error, handlers) {
    const code = problemCode(error.code, { closesAt: this.#status?.closesAt, online: navigator.onLine });
    const labels = { retry: 'problem.tryAgain', takeover: 'problem.useHere' };
    const actions = Object.keys(handlers).map((name) => ({ name, label: labels[name] }));
    const opensAt = this.#session?.room?.appointment?.opensAt ?? this.#status?.opensAt;
    const values = {
      time: opensAt ? formatTime(opensAt) : '', n: Math.max(1, Math.ceil((error.retryAfterMs ?? 5000) / 1000)) };
    this.#showProblem({ code, actions, values }, handlers);
  }

  #showProblem(problem, handlers = {}) {
    this.#onProblem = handlers;
    this.#show('problem', ProblemCard.tag, { problem: { ...problem, phone: this.#clinic?.supportPhone } });
    announce(t(`problem.${problem.code}.title`, problem.values), { kind: 'problem', assertive: true });
  }

  #problemAction(name) {
    this.#onProblem[name]?.();
  }

  /** Ends what this element does: leaves the call if there is one. */
  leave() {
    if (this.#session?.place === 'in') this.#session.leaveCall();
    this.#closeSession();
  }
}
