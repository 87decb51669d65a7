import assert from 'node:assert/strict';
import { test } from 'node:test';
import { LocalMedia } from '../../web/js/media/local-media.js';
import { environmentProblem, mediaErrorCode } from '../../web/js/media/media-errors.js';
import { level } from '../../web/js/media/mic-meter.js';
import { FakeClock } from './fakes.js';

const failure = (name, message = '') => Object.assign(new Error(message), { name });

class FakeTrack {
  enabled = true;
  stopped = false;

  constructor(kind) {
    this.kind = kind;
  }

  stop() {
    this.stopped = true;
  }
}

/** Devices of which some are missing or refuse: {audio?: Error, video?: Error}. */
function devices(trouble = {}) {
  const asked = [];
  return {
    asked, trouble, tracks: [],
    async getUserMedia({ audio, video }) {
      asked.push({ audio: Boolean(audio), video: Boolean(video) });
      if (audio && trouble.audio) throw trouble.audio;
      if (video && trouble.video) throw trouble.video;
      const tracks = [audio && new FakeTrack('audio'), video && new FakeTrack('video')].filter(Boolean);
      this.tracks.push(...tracks);
      return { getTracks: () => tracks };
    },
  };
}

function create(trouble, permission = 'prompt') {
  const clock = new FakeClock();
  const fake = devices(trouble);
  return { clock, fake, media: new LocalMedia({ devices: fake, clock, permission: async () => permission }) };
}

test('both devices are asked for at once', async () => {
  const { media, fake } = create();
  assert.deepEqual(await media.acquire({ video: true }), { code: null });
  assert.deepEqual(fake.asked, [{ audio: true, video: true }]);
  assert.deepEqual(media.media, { audio: true, video: true });
  await media.acquire({ video: true });
  assert.equal(fake.asked.length, 1);
});

test('a missing camera leaves the microphone', async () => {
  const { media, fake } = create({ video: failure('NotFoundError') });
  assert.deepEqual(await media.acquire({ video: true }), { code: 'DEV-2' });
  assert.deepEqual(fake.asked, [{ audio: true, video: true }, { audio: true, video: false }]);
  assert.deepEqual(media.media, { audio: true, video: false });
});

test('a camera in use leaves the microphone', async () => {
  const { media } = create({ video: failure('NotReadableError') });
  assert.deepEqual(await media.acquire({ video: true }), { code: 'DEV-3' });
  assert.equal(media.microphoneOn, true);
});

test('neither device, and a refusal', async () => {
  assert.deepEqual(await create({ audio: failure('NotFoundError') }).media.acquire({ video: true }), { code: 'DEV-1' });
  const refused = create({ audio: failure('NotAllowedError'), video: failure('NotAllowedError') }, 'denied');
  assert.deepEqual(await refused.media.acquire({ video: true }), { code: 'PERM-1' });
});

test('sound only asks for no camera', async () => {
  const { media, fake } = create();
  await media.acquire({ video: false });
  assert.deepEqual(fake.asked, [{ audio: true, video: false }]);
});

test('muting is instant and keeps the track', async () => {
  const { media, fake } = create();
  await media.acquire({ video: true });
  await media.setMicrophone(false);
  assert.deepEqual([media.microphoneOn, fake.tracks[0].enabled, fake.tracks[0].stopped], [false, false, false]);
  await media.setMicrophone(true);
  assert.equal(media.microphoneOn, true);
});

test('a camera that stays off is released after two seconds and asked for again', async () => {
  const { media, fake, clock } = create();
  await media.acquire({ video: true });
  const [, camera] = fake.tracks;
  await media.setCamera(false);
  assert.deepEqual([camera.enabled, camera.stopped], [false, false]);
  await clock.advance(2000);
  assert.equal(camera.stopped, true);
  assert.equal(media.tracks.video, null);
  assert.deepEqual(await media.setCamera(true), { code: null });
  assert.equal(media.cameraOn, true);
  assert.notEqual(media.tracks.video, camera);
});

test('a camera turned on again at once is the same one', async () => {
  const { media, fake, clock } = create();
  await media.acquire({ video: true });
  await media.setCamera(false);
  await media.setCamera(true);
  await clock.advance(5000);
  assert.equal(media.tracks.video, fake.tracks[1]);
  assert.equal(fake.tracks[1].stopped, false);
});

test('an unplugged device is told', async () => {
  const { media, fake } = create();
  await media.acquire({ video: true });
  const lost = [];
  media.on('lost', (detail) => lost.push(detail));
  fake.tracks[0].onended();
  assert.deepEqual(lost, [{ kind: 'audio' }]);
  assert.equal(media.tracks.audio, null);
});

test('release stops everything', async () => {
  const { media, fake, clock } = create();
  await media.acquire({ video: true });
  await media.setCamera(false);
  media.release();
  assert.ok(fake.tracks.every((track) => track.stopped));
  assert.equal(clock.pending, 0);
  assert.deepEqual(media.media, { audio: false, video: false });
});

test('browser errors become codes', () => {
  const code = (name, context = { kind: 'both' }, message = '') => mediaErrorCode(failure(name, message), context);
  assert.equal(code('NotAllowedError'), 'PERM-1');
  assert.equal(code('NotAllowedError', { kind: 'both', permission: 'prompt', tookMs: 900 }, 'Permission dismissed'), 'PERM-2');
  assert.equal(code('NotAllowedError', { kind: 'both' }, 'Permissions policy violation'), 'PERM-3');
  assert.equal(code('NotFoundError'), 'DEV-1');
  assert.equal(code('NotFoundError', { kind: 'video' }), 'DEV-2');
  assert.equal(code('AbortError'), 'DEV-3');
  assert.equal(code('OverconstrainedError'), 'DEV-4');
  assert.equal(code('SecurityError'), 'SEC-1');
  assert.equal(code('TypeError'), 'UNK-1');
});

test('a page that cannot call says so before asking', () => {
  const good = { isSecureContext: true, navigator: { userAgent: '', mediaDevices: { getUserMedia() {} } }, RTCPeerConnection: class {} };
  assert.equal(environmentProblem(good), null);
  assert.equal(environmentProblem({ ...good, isSecureContext: false }), 'SEC-1');
  assert.equal(environmentProblem({ ...good, RTCPeerConnection: undefined }), 'BRW-1');
  assert.equal(environmentProblem({ ...good, navigator: { userAgent: '' } }), 'BRW-1');
  assert.equal(environmentProblem({ ...good, navigator: { userAgent: 'x Zalo/1' } }), 'BRW-2');
});

test('the meter follows the ear', () => {
  assert.equal(level(new Float32Array(8)), 0);
  assert.equal(level(new Float32Array(8).fill(1)), 1);
  assert.ok(Math.abs(level(new Float32Array(8).fill(0.0316)) - 0.5) < 0.01);
});
