// Functions that run inside the page, before any of its own scripts. They only watch: the page does not know of them.

/** Keeps every RTCPeerConnection and WebSocket the page makes, what the Content-Security-Policy refused, and a way to see elements. */
export function watchPage() {
  const connections = [];
  const sockets = [];
  const sessions = [];
  const violations = [];

  const keep = (name, kept, listen) => {
    if (!window[name]) return;
    window[name] = new Proxy(window[name], {
      construct(target, given) {
        const made = Reflect.construct(target, given);
        kept.push(made);
        listen?.(made);
        return made;
      },
    });
  };
  keep('RTCPeerConnection', connections);
  keep('WebSocket', sockets, (socket) => socket.addEventListener('message', ({ data }) => {
    const { type, resumed, reason } = JSON.parse(data);
    if (type === 'registered') sessions.push(resumed ? 'resumed' : reason);
  }));
  document.addEventListener('securitypolicyviolation', (event) => {
    violations.push(`${event.violatedDirective} refused ${event.blockedURI}`);
  });

  const roots = (root = document) =>
    [root, ...[...root.querySelectorAll('*')].filter((e) => e.shadowRoot).flatMap((e) => roots(e.shadowRoot))];
  // A name is a data-testid; what has no such name is found by a selector in brackets.
  const byTestId = (id) => roots().flatMap((root) => [...root.querySelectorAll(id.startsWith('[') ? id : `[data-testid="${id}"]`)]);
  const visible = (element) => {
    const box = element.getBoundingClientRect();
    return box.width > 0 && box.height > 0 && (element.checkVisibility?.({ checkVisibilityCSS: true }) ?? true);
  };

  /** Firefox never answers for a connection that is closed meanwhile. */
  const statsOf = (connection) =>
    Promise.race([connection.getStats(), new Promise((resolve) => setTimeout(() => resolve(new Map()), 1000))]);

  /** Sums over all open connections of what came in and was decoded. */
  const media = async () => {
    const sum = { connections: 0, frames: 0, audioEnergy: 0, audioSeconds: 0, audioSamples: 0 };
    for (const connection of connections) {
      if (connection.connectionState === 'closed') continue;
      sum.connections += 1;
      for (const report of (await statsOf(connection)).values()) {
        if (report.type !== 'inbound-rtp') continue;
        sum.frames += report.framesDecoded ?? 0;
        sum.audioEnergy += report.totalAudioEnergy ?? 0;
        sum.audioSeconds += report.totalSamplesDuration ?? 0;
        sum.audioSamples += (report.totalSamplesReceived ?? 0) - (report.concealedSamples ?? 0);
      }
    }
    return sum;
  };

  /**
   * Samples the media until `stop`, and keeps the longest time in which every sample showed the same count. A page that
   * was too busy to sample adds nothing to it.
   */
  const sampleFlow = (everyMs) => {
    const lanes = { frames: { gapMs: 0 }, audioSamples: { gapMs: 0 } };
    let running = true;
    const take = async () => {
      const now = await media();
      const at = performance.now();
      for (const [name, lane] of Object.entries(lanes)) {
        if (lane.count !== now[name]) Object.assign(lane, { count: now[name], since: at });
        else lane.gapMs = Math.max(lane.gapMs, at - lane.since);
      }
      if (running) setTimeout(take, everyMs);
    };
    take();
    return {
      stop: () => { running = false; },
      read: () => ({ videoGapMs: Math.round(lanes.frames.gapMs), audioGapMs: Math.round(lanes.audioSamples.gapMs) }),
    };
  };

  /** A coarse picture (red, green, blue, red, ...) of the element's video, or null while there is none. */
  const picture = (id) => {
    const holder = byTestId(id).find(visible);
    const video = holder?.localName === 'video' ? holder : holder?.querySelector('video');
    if (!video?.videoWidth) return null;
    const canvas = document.createElement('canvas');
    const [width, height] = [(canvas.width = 32), (canvas.height = 24)];
    const context = canvas.getContext('2d');
    context.drawImage(video, 0, 0, width, height);
    const { data } = context.getImageData(0, 0, width, height);
    return [...data].filter((_, i) => i % 4 !== 3);
  };

  /** All visible text, shadow roots included; what is not rendered would give its text too, so it is left out first. */
  const text = () =>
    roots().flatMap((root) => (root === document ? [document.body] : [...root.children]).filter(visible).map((e) => e.innerText)).join('\n');

  Object.defineProperty(window, 'watched', { value: { connections, sockets, sessions, violations, byTestId, visible, media, sampleFlow, picture, text } });
}
