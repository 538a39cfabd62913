import { expect, test } from 'vitest'
import { hideSecrets } from '../../src/telemetry/secrets.ts'

test.each([
  [`pk_0123456789ab_${'x'.repeat(43)} and pk_0123456789ab`, 'pk_0123456789ab_[hidden] and pk_0123456789ab'],
  ['postgres://user:pass@host:5432/db', 'postgres://user:[hidden]@host:5432/db'],
  ['postgres://user:p:w@d@host/db and http://host:80/a@b', 'postgres://user:[hidden]@host/db and http://host:80/a@b'],
  ['Authorization: Basic a.b-c==', 'Authorization: Basic [hidden]'],
  ['sent Bearer abc.def', 'sent Bearer [hidden]'],
  ['Incorrect API key provided: sk-abcdefgh1234', 'Incorrect API key provided: [hidden]'],
  ['https://x/y?key=abc&z=1', 'https://x/y?key=[hidden]&z=1'],
  ['{"password":"a\\"b","n":1}', '{"password":"[hidden]","n":1}'],
  ['{"x-api-key": "abc"}', '{"x-api-key": "[hidden]"}'],
])('%s is shown as %s', (text, shown) => {
  expect(hideSecrets()(text)).toBe(shown)
})

test.each(['Task sk-1 is done', 'see https://user@host/path', 'a basic idea of the bearer', '12:30 at the office'])(
  '%s is left as it is',
  text => {
    expect(hideSecrets(['', null])(text)).toBe(text)
  },
)

test('hides a known secret as text, inside JSON and inside a URL', () => {
  const hide = hideSecrets(['pa"ss/word'])
  expect(hide(`pa"ss/word ${JSON.stringify('pa"ss/word')} pa%22ss%2Fword`)).toBe('[hidden] "[hidden]" [hidden]')
})
