// Counts the segments in which a text travels as SMS: providers/segments.py, for the browser.
// A test compares the two.

const BASIC =
  "@£$¥èéùìòÇ\nØø\rÅåΔ_ΦΓΛΩΠΨΣΘΞÆæßÉ !\"#¤%&'()*+,-./0123456789:;<=>?" +
  "¡ABCDEFGHIJKLMNOPQRSTUVWXYZÄÖÑÜ§¿abcdefghijklmnopqrstuvwxyzäöñüà";
const EXTENSION = "\f^{}\\[~]|€"; // each takes two septets
const SEPTETS = new Map([
  ...Array.from(BASIC, (letter) => [letter, 1]),
  ...Array.from(EXTENSION, (letter) => [letter, 2]),
]);

// {encoding, units, segments, per_segment, costly}: what the text costs. `costly` lists the letters
// that force UCS-2, each once, in the order of the text.
export function count(text) {
  const letters = Array.from(text); // by code points, so that no surrogate pair is split
  const costly = [...new Set(letters.filter((letter) => !SEPTETS.has(letter)))];
  return costly.length
    ? fill("UCS-2", letters.map((letter) => letter.length), 70, 67, costly)
    : fill("GSM-7", letters.map((letter) => SEPTETS.get(letter)), 160, 153, costly);
}

function fill(encoding, sizes, alone, joined, costly) {
  const units = sizes.reduce((sum, size) => sum + size, 0);
  if (units <= alone) {
    return { encoding, units, segments: Math.min(units, 1), per_segment: alone, costly };
  }
  let segments = 1;
  let room = joined;
  for (const size of sizes) {
    if (size > room) {
      segments += 1;
      room = joined;
    }
    room -= size;
  }
  return { encoding, units, segments, per_segment: joined, costly };
}
