import { createServer } from 'node:http';
import { once } from 'node:events';

const PAGE = `<!doctype html><meta charset="utf-8"><title>loopback</title><link rel="icon" href="data:,">
<button data-testid="start-call">Start</button><button data-testid="end-call" disabled>End</button>
<x-stage></x-stage><script type="module" src="/page.js"></script>`;

/** Runs in the page: a call of the page with itself, the remote side inside a shadow root. */
async function script() {
  const video = Object.assign(document.createElement('video'), { autoplay: true, playsInline: true });
  video.dataset.testid = 'remote-video';
  document.querySelector('x-stage').attachShadow({ mode: 'open' }).append(video);
  document.querySelector('[data-testid=start-call]').onclick = async () => {
    window.local = await navigator.mediaDevices.getUserMedia({ audio: true, video: true });
    const [near, far] = [new RTCPeerConnection(), new RTCPeerConnection()];
    near.onicecandidate = ({ candidate }) => candidate && far.addIceCandidate(candidate);
    far.onicecandidate = ({ candidate }) => candidate && near.addIceCandidate(candidate);
    far.ontrack = ({ streams }) => (video.srcObject = streams[0]);
    for (const track of window.local.getTracks()) near.addTrack(track, window.local);
    await near.setLocalDescription();
    await far.setRemoteDescription(near.localDescription);
    await far.setLocalDescription();
    await near.setRemoteDescription(far.localDescription);
  };
}

/** A server of one page that calls itself, to try the measurements on. */
export async function serveLoopback() {
  const server = createServer((request, response) => {
    const isScript = request.url === '/page.js';
    response.setHeader('content-type', isScript ? 'text/javascript' : 'text/html');
    response.setHeader('content-security-policy', "default-src 'self'; img-src 'self' data:; media-src 'self' blob:");
    response.end(isScript ? `(${script})();` : PAGE);
  }).listen(0, '127.0.0.1');
  await once(server, 'listening');
  return { origin: `http://127.0.0.1:${server.address().port}`, close: () => server.close() };
}
