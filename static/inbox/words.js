// What scripts say, in the agent's language. The page brings the sentences as JSON.

const said = document.getElementById("words");
const words = said ? JSON.parse(said.textContent) : {};
const plural = new Intl.PluralRules(document.documentElement.lang);

/** The sentence of this name, with its places filled in: say("many", { count: 3 }). */
export function say(name, given = {}) {
  const found = words[name];
  if (found === undefined) throw new Error(`There is no sentence "${name}".`);
  const text = typeof found === "string" ? found : found[plural.select(given.count)] ?? found.other;
  return text.replace(/\{(\w+)\}/g, (place, key) => (key in given ? String(given[key]) : place));
}
