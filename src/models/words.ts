/**
 * The words of a text, lower case: runs of letters and digits; in scripts without spaces every sign is a word of its
 * own. Accents are dropped, compatibility forms unified. For ASCII the result is the same on every machine; elsewhere
 * it follows the Unicode version of Node, so characters newer than that are read as they are.
 */
export const wordsOf = (text: string): readonly string[] => {
  if (isAscii.test(text)) return text.toLowerCase().match(asciiWord) ?? []
  return text.normalize('NFKD').replace(marks, '').toLowerCase().match(word) ?? []
}

const isAscii = /^[\0-\x7f]*$/
const asciiWord = /[a-z0-9]+/g
const marks = /\p{M}+/gu
const word =
  /[\p{Script=Han}\p{Script=Hiragana}\p{Script=Katakana}\p{Script=Thai}]|[[\p{L}\p{N}]--[\p{Script=Han}\p{Script=Hiragana}\p{Script=Katakana}\p{Script=Thai}]]+/gv

/** Words so common that sharing them says little; they count for a tenth. */
export const stopWords: ReadonlySet<string> = new Set(
  (
    'a about after all also an and any are as at be because been before being between both but by can could did do ' +
    'does done down each either else etc even every few for from further get gets given had has have having he her ' +
    'here him his how however i if in into is it its itself just like made make many may me might more most much ' +
    'must my no nor not now of off on once one only or other our out over own per rather same see set shall she ' +
    'should since so some such than that the their them then there these they this those through thus to too under ' +
    'until up us use used using very via was we well were what when where whether which while who whose why will ' +
    'with within without would you your'
  ).split(' '),
)
