// What scripts say, in the agent's language. The page brings the sentences that are not English.

const brought = document.getElementById("words");
const words = brought ? JSON.parse(brought.textContent) : {};
const plural = new Intl.PluralRules(document.documentElement.lang || "en");

const fill = (text, given) => text.replace(/\{(\w+)\}/g, (place, key) => given[key] ?? place);

/** The sentence, with its places filled in: say("Remove {name}", { name }). Write it out in one piece. */
export const say = (text, given = {}) => fill(words[text] ?? text, given);

/** A sentence about so many: counted("{count} segment", "{count} segments", 3). */
export function counted(one, many, count, given = {}) {
  const forms = words[one];
  const text = forms ? forms[plural.select(count)] : count === 1 ? one : many;
  return fill(text, { count, ...given });
}
