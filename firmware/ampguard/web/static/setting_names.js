// What each setting and its values are called.
const named = new Map([...document.getElementById("setting-names").content.children].map((one) =>
  [one.dataset.key, { name: one.firstChild.textContent, words: new Map([...one.children].map((word) => [word.dataset.word, word.textContent])) }]));

export const nameOf = (key) => named.get(key)?.name ?? key;
export const wordOf = (key, value) => named.get(key)?.words.get(`${value}`) ?? `${value}`;
