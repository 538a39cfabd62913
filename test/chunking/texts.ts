import fc from 'fast-check'

const words = fc.constantFrom(
  ..."the a pipeline of water, gates. Every “lane” keeps its order! 漢字仮名交じり文。 naïve 👩‍👩‍👧 𝒳 x1 --flag foo_bar() https://a.b/c?d=e &amp; Ünïcødé 12345 ٣٤ don’t it's".split(
    ' ',
  ),
)
const sentence = fc.array(words, { minLength: 1, maxLength: 30 }).map(some => some.join(' '))
const run = fc
  .tuple(fc.constantFrom('a', '=', '漢', '👍', ' ', 'Zm9v', '.', '\n', '`'), fc.integer({ min: 1, max: 400 }))
  .map(([unit, times]) => unit.repeat(times))
const heading = fc.tuple(fc.integer({ min: 1, max: 6 }), words).map(([level, title]) => `${'#'.repeat(level)} ${title}`)
const setext = fc.tuple(words, fc.constantFrom('===', '---')).map(([title, line]) => `${title}\n${line}`)
const lines = fc.array(sentence, { minLength: 1, maxLength: 8 })
const code = lines.map(some => ['```js', ...some.map(line => `    ${line}`), '```'].join('\n'))
const list = lines.map(some => some.map((item, i) => `${i % 3 ? '  ' : ''}- ${item}`).join('\n'))
const table = lines.map(some => ['| a | b |', '|---|---|', ...some.map(cell => `| ${cell} | 1 |`)].join('\n'))
const block = fc.oneof(
  heading,
  setext,
  sentence,
  lines.map(some => some.join('\n')),
  code,
  list,
  table,
  run,
)

/** Markdown of all kinds of blocks, in several scripts, with runs that have no border. */
export const markdownText = fc
  .tuple(fc.array(block, { maxLength: 25 }), fc.constantFrom('\n\n', '\n', '\r\n\r\n'))
  .map(([blocks, between]) => blocks.join(between))

/** Anything that can come out of a decoder. */
export const anyText = fc.oneof(
  markdownText,
  fc.string({ unit: 'binary', maxLength: 500 }).map(text => text.toWellFormed()),
)
