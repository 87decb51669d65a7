const POLL_MS = 100;
const HEARD_LEVEL = 0.3;
const SILENT_AFTER_MS = 5000;

/**
 * @param {Float32Array} samples in [-1, 1]
 * @returns {number} loudness in [0, 1], on a scale that follows the ear: -60 dB is 0, 0 dB is 1
 */
export function level(samples) {
  let sum = 0;
  for (const sample of samples) sum += sample * sample;
  const rms = Math.sqrt(sum / samples.length);
  if (rms === 0) return 0;
  return Math.min(1, Math.max(0, 1 + (20 * Math.log10(rms)) / 60));
}

/**
 * Listens to a microphone track and says how loud it is, and whether anything was heard yet.
 * @param {MediaStreamTrack} track
 * @param {(reading: {level: number, verdict: 'listening' | 'heard' | 'silent'}) => void} onReading
 * @returns {() => void} stops it
 */
export function meterMicrophone(track, onReading) {
  const context = new AudioContext();
  const analyser = context.createAnalyser();
  const samples = new Float32Array(analyser.fftSize);
  const source = context.createMediaStreamSource(new MediaStream([track]));
  source.connect(analyser);
  context.resume().catch(() => {});
  const startedAt = performance.now();
  /** @type {'listening' | 'heard' | 'silent'} */
  let verdict = 'listening';
  const timer = setInterval(() => {
    analyser.getFloatTimeDomainData(samples);
    const now = level(samples);
    if (now > HEARD_LEVEL) verdict = 'heard';
    else if (verdict === 'listening' && performance.now() - startedAt > SILENT_AFTER_MS) verdict = 'silent';
    onReading({ level: now, verdict });
  }, POLL_MS);
  return () => {
    clearInterval(timer);
    source.disconnect();
    context.close().catch(() => {});
  };
}
