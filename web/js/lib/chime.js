let context = null;

/**
 * A short, soft sound made on the spot; no file is loaded. Silent if the browser has not been touched yet.
 * @param {'arrival' | 'call' | 'test'} kind
 */
export function chime(kind) {
  const notes = { arrival: [660, 880], call: [784, 988, 784, 988], test: [523, 659, 784] }[kind];
  try {
    context ??= new AudioContext();
    context.resume().catch(() => {});
    notes.forEach((frequency, index) => play(frequency, context.currentTime + index * 0.22));
  } catch {
    // No sound device: what is heard is also seen.
  }
}

function play(frequency, at) {
  const oscillator = context.createOscillator();
  const gain = context.createGain();
  oscillator.frequency.value = frequency;
  gain.gain.setValueAtTime(0, at);
  gain.gain.linearRampToValueAtTime(0.18, at + 0.02);
  gain.gain.exponentialRampToValueAtTime(0.001, at + 0.4);
  oscillator.connect(gain).connect(context.destination);
  oscillator.start(at);
  oscillator.stop(at + 0.42);
}
