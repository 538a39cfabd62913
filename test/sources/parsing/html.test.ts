import { describe, expect, test } from 'vitest'
import { parseHtml } from '../../../src/sources/parsing/html.ts'

const page = (body: string, head = '', url: string | null = 'https://example.org/docs/page.html') =>
  parseHtml({ html: `<!doctype html><html lang="en"><head>${head}</head><body>${body}</body></html>`, url })
const markdown = (body: string) => page(body).markdown

describe('the Markdown of a page', () => {
  test('has its headings, paragraphs, lists, links and emphasis', () => {
    expect(
      markdown(`<h1>Gates</h1><p>A <b>gate</b> holds <i>water</i>,
        see <a href="../more.html#x">more</a>.</p><ol start="3"><li>one<ul><li>deep</li></ul></li><li>two</li></ol>`),
    ).toBe(
      '# Gates\n\nA **gate** holds *water*, see [more](https://example.org/more.html#x).\n\n3. one\n   - deep\n4. two',
    )
  })

  test('keeps code as it stands, with its language wherever a highlighter says it', () => {
    const code = 'if a:\n    b  # c'
    for (const html of [
      `<pre><code class="language-python">${code}</code></pre>`,
      `<div class="highlight-python notranslate"><div class="highlight"><pre><span>if</span>${code.slice(2)}\n</pre></div></div>`,
      `<pre class="sourceCode python"><code>${code}</code></pre>`,
      `<pre data-lang="Python">${code}</pre>`,
    ])
      expect(markdown(`<p>x</p>${html}`)).toBe(`x\n\n\`\`\`python\n${code}\n\`\`\``)
    expect(markdown('<div class="highlight-default"><pre class="screen">$ ls</pre></div>')).toBe('```\n$ ls\n```')
  })

  test('has tables as tables, their captions before them', () => {
    expect(
      markdown(
        '<table><caption>Sizes</caption><tr><th>Name<th>Size</tr><tr><td>a|b<td><code>x|y</code></tr><tr><td colspan=2>both</table>',
      ),
    ).toBe('Sizes\n\n| Name | Size |\n| - | - |\n| a\\|b | `x\\|y` |\n| both | |')
  })

  test('puts the blocks of a cell in one line, and keeps their words apart', () => {
    const cell = (html: string) => markdown(`<table><tr><th>A<th>B<tr><td>${html}</td><td>x</table>`).split('\n')[2]
    expect(cell('<p>one</p><p>two</p>')).toBe('| one two | x |')
    expect(cell('<ul><li>one</li><li><b>two</b> three</li></ul>')).toBe('| one **two** three | x |')
    expect(cell('a<div>b<div>c</div></div>d<br>e')).toBe('| a b c d e | x |')
  })

  test('unfolds a table that lays out the page, or holds what no cell can', () => {
    expect(markdown('<table><tr><td>Left<td><pre>a\n  b</pre></table>')).toBe('Left\n\n```\na\n  b\n```')
    expect(markdown('<table><tr><td>one<tr><td>two</table>')).toBe('one\n\ntwo')
    expect(markdown('<table role="presentation"><tr><td>a<td>b</table>')).toBe('a\n\nb')
    const inner = '<table><tr><th>A<th>B<tr><td>1<td>2</table>'
    expect(markdown(`<table><tr><td>${inner}<td>side</table>`)).toBe('| A | B |\n| - | - |\n| 1 | 2 |\n\nside')
  })

  test('escapes what would begin a block or a tag, and nothing else', () => {
    expect(markdown('<p>pg_dump *args [x] `y` a < b &amp;amp;</p>')).toBe('pg_dump *args [x] `y` a < b &amp;')
    expect(markdown('<p># no heading</p><p>- no item</p><p>1. no number</p><p>the &lt;b&gt; tag</p>')).toBe(
      '\\# no heading\n\n\\- no item\n\n1\\. no number\n\nthe \\<b> tag',
    )
  })

  test('writes words beside emphasis as they are', () => {
    expect(markdown('<p>a<b>:b:</b>c <i> d </i>e<b> </b>f</p>')).toBe('a**:b:**c *d* e f')
  })

  test('keeps what an image shows in words, and the text of links that lead nowhere', () => {
    expect(
      markdown(
        '<p><img src="a.png" alt="A gate"> <img src="b.png"><a href="#top">up</a> <a href="javascript:x()">run</a></p>',
      ),
    ).toBe('A gate up run')
  })

  test('bounds what one attribute can ask for', () => {
    expect(markdown('<table><tr><td colspan=1000000000>a<td>b</table>').length).toBeLessThan(1000)
  })
})

describe('the main text', () => {
  const long = `<p>${'water '.repeat(50)}</p>`
  const text = long.replace(/<\/?p>/g, '').trim()
  const around = (middle: string) => `<header><h1>Site</h1></header><nav><a href="/a">Menu</a></nav>${middle}
    <aside>Ads</aside><footer>Imprint</footer><script>bad()</script><style>p {}</style><noscript>JS!</noscript>
    <div class="cookie-banner">We use cookies</div><div hidden>Unseen</div><div style="display: none">Unseen</div>
    <form><input value=x><button>Search</button></form>`

  test.each([
    ['body', long],
    ['main', `<div>Beside</div><main>${long}</main>`],
    ['role', `<div>Beside</div><div role="main">${long}</div>`],
    ['article', `<div>Beside</div><article>${long}</article>`],
    ['inside a form', `<form action="/"><main>${long}</main></form>`],
  ])('is without what is around it (%s)', (_how, middle) => {
    expect(markdown(around(middle))).toBe(text)
  })

  test('keeps the header, footer and asides of an article, and a form that holds text', () => {
    const inside = '<header><h2>Title</h2></header><aside>Note</aside><footer>By me</footer>'
    expect(markdown(`<article>${inside}${long}</article>`)).toBe(`## Title\n\nNote\n\nBy me\n\n${text}`)
    expect(markdown(`<form><p>Asked and answered</p><input></form>`)).toBe('Asked and answered')
  })

  test('is the body where what is called main holds little of it', () => {
    expect(markdown(`<main>Little</main>${long}`)).toBe(`Little\n\n${text}`)
  })

  test('is the menu of a page that is nothing else, and nothing for one without text', () => {
    expect(markdown('<nav><a href="/a">Menu</a></nav>')).toBe('[Menu](https://example.org/a)')
    expect(page('<frameset><frame src="a.html"></frameset>').markdown).toBe('')
  })

  test('is without the navigation that generators of documentation write', () => {
    expect(
      markdown(`<div class="navheader"><table><tr><td>Prev<td>Next</table></div><h2>A<a class="headerlink" href="#a">¶</a></h2>
        ${long}<div class="navfooter">Home</div>`),
    ).toBe(`## A\n\n${text}`)
  })
})

describe('what a page says of itself', () => {
  test('its title, language, address, robots and metadata', () => {
    expect(
      page(
        '<h1>Heading</h1>',
        `<title> The\n gate </title><link rel="canonical" href="/gate#x"><meta name="robots" content="NoIndex, nofollow">
         <meta name="description" content="About gates."><meta name="author" content="A. Writer">
         <meta property="article:published_time" content="2026-01-02">`,
      ),
    ).toMatchObject({
      title: 'The gate',
      language: 'en',
      canonical: 'https://example.org/gate',
      noindex: true,
      nofollow: true,
      metadata: { description: 'About gates.', author: 'A. Writer', published: '2026-01-02' },
    })
  })

  test('its first heading where it has no title, and nothing where it says nothing', () => {
    expect(page('<h1>Head<br>ing</h1>').title).toBe('Heading')
    expect(parseHtml({ html: 'plain', url: null })).toEqual({
      ...{ title: '', language: null, markdown: 'plain', links: [], canonical: null },
      ...{ noindex: false, nofollow: false, metadata: {} },
    })
  })
})

describe('the links of a page', () => {
  test('are in full, each once, those of menus too, and only of http', () => {
    expect(
      page(
        `<nav><a href="a.html">a</a></nav><a href="a.html">again</a><a rel="nofollow ugc" href="//other.org/b#c">b</a>
         <a href="mailto:x@example.org">m</a><a href="http://">bad</a><a>none</a><area href="?q=1"><iframe src="f.html"></iframe>`,
      ).links,
    ).toEqual([
      { href: 'https://example.org/docs/a.html', nofollow: false },
      { href: 'https://other.org/b', nofollow: true },
      { href: 'https://example.org/docs/page.html?q=1', nofollow: false },
      { href: 'https://example.org/docs/f.html', nofollow: false },
    ])
  })

  test('start at the base that the page names', () => {
    const based = page('<a href="a">x</a>', '<base href="/other/">')
    expect(based.links).toEqual([{ href: 'https://example.org/other/a', nofollow: false }])
    expect(based.markdown).toBe('[x](https://example.org/other/a)')
  })

  test('stay as they are written where nothing says what they start at', () => {
    const { links, markdown } = page('<a href="a.html">x</a> <a href="http://b.org">y</a>', '', null)
    expect(links).toEqual([{ href: 'http://b.org/', nofollow: false }])
    expect(markdown).toBe('[x](a.html) [y](http://b.org/)')
  })
})

test('a page that nests deeper than browsers show is refused by name, at once', () => {
  for (const tag of ['div', 'b', 'ul><li', 'table><tr><td'])
    expect(() => page(`<${tag}>`.repeat(100_000))).toThrow(
      expect.objectContaining({ name: 'Reject', code: 'too_deep', message: expect.stringContaining('512') }),
    )
  expect(markdown(`${'<div>'.repeat(400)}deep`)).toBe('deep')
})
