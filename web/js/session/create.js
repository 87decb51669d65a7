import { createId, tabInstance } from '../lib/tab-store.js';
import { watchNetwork, watchWake } from '../lib/wake.js';
import { LocalMedia } from '../media/local-media.js';
import { SignalingClient } from '../signaling/signaling-client.js';
import { RoomSession } from './room-session.js';

/** The browser's own clock and timers, as the modules without DOM want them. */
export const browserClock = {
  now: () => performance.now(),
  setTimeout: (callback, ms) => window.setTimeout(callback, ms),
  clearTimeout: (timer) => window.clearTimeout(timer),
};

/**
 * @typedef {object} Identity who speaks to which server
 * @property {string} server origin, `https://HOST:PORT`
 * @property {(wish: {fresh: boolean}) => Promise<string>} getToken
 * @property {import('../lib/api.js').Api} api
 */

/**
 * @param {Identity} identity
 * @param {string} [appointmentId]
 */
export function createSignaling({ server, getToken }, appointmentId) {
  return new SignalingClient({
    url: `${server.replace(/^http/, 'ws')}/ws`, getToken, appointmentId, instance: tabInstance(),
    WebSocket, clock: browserClock, random: Math.random, createId, watchWake,
  });
}

/** Microphone and camera of this browser. */
export function createMedia() {
  return new LocalMedia({
    devices: navigator.mediaDevices, clock: browserClock,
    permission: async (name) => {
      try {
        return (await navigator.permissions.query({ name: /** @type {any} */ (name) })).state;
      } catch {
        return 'prompt';
      }
    },
  });
}

/**
 * @param {Identity} identity
 * @param {string} appointmentId
 * @param {LocalMedia} media
 */
export function createRoomSession(identity, appointmentId, media) {
  return new RoomSession({
    signaling: createSignaling(identity, appointmentId), api: identity.api, media, clock: browserClock,
    wallClock: Date.now, createConnection: (config) => new RTCPeerConnection(config), createStream: () => new MediaStream(), appointmentId,
    watchNetwork,
  });
}
