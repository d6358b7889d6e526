// The tones, made here: nothing has to be loaded when one is needed.

/** Each note: pitch in Hz, start and length in seconds, loudness, wave. */
const TONES = {
  chime: [[659, 0, .5, .5, "sine"], [880, .14, .7, .5, "sine"]],
  drop: [[1175, 0, .1, .4, "sine"], [784, .09, .32, .5, "sine"]],
  knock: [[196, 0, .09, .9, "triangle"], [196, .17, .09, .9, "triangle"]],
  bell: [[988, 0, 1.2, .4, "sine"], [1976, 0, .7, .15, "sine"], [2964, 0, .35, .08, "sine"]],
};

let context = null;

/** Browsers let a page sound only after it was touched. */
function wake() {
  context ??= new AudioContext();
  if (context.state === "suspended") context.resume();
}
for (const name of ["pointerdown", "keydown"]) addEventListener(name, wake, { once: true, passive: true });

/** Sound this tone, once. */
export function play(name) {
  const notes = TONES[name];
  if (!notes) return;
  wake();
  const now = context.currentTime;
  for (const [pitch, start, length, loud, wave] of notes) {
    const source = new OscillatorNode(context, { type: wave, frequency: pitch });
    const volume = new GainNode(context, { gain: 0 });
    volume.gain.setValueAtTime(0, now + start);
    volume.gain.linearRampToValueAtTime(loud * .4, now + start + .012);
    volume.gain.exponentialRampToValueAtTime(.0001, now + start + length);
    source.connect(volume).connect(context.destination);
    source.start(now + start);
    source.stop(now + start + length + .05);
  }
}
