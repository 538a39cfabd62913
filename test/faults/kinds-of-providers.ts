import type { Answer } from '../kit/embedding-server.ts'
import type { Kind } from './kind.ts'
import { soon } from './under.ts'

const answers: readonly (readonly [string, Answer])[] = [
  ['limits the rate', { kind: 'status', status: 429, retryAfter: '1' }],
  ['fails', { kind: 'status', status: 500 }],
  ['hangs', { kind: 'hang' }],
  ['sends its answer drop by drop', { kind: 'drip' }],
  ['closes connections', { kind: 'reset' }],
  ['gives vectors of a wrong dimension', { kind: 'wrong_dimension' }],
  ['gives NaN', { kind: 'nan' }],
  ['gives too few vectors', { kind: 'short' }],
  ['gives cut JSON', { kind: 'cut' }],
  ['gives HTML', { kind: 'html' }],
]
export const providerKinds: readonly Kind[] = answers.map(
  ([what, answer]): Kind => ({
    name: `provider ${what}`,
    rows: [31],
    threatens: 'a bad vector is stored, or the job fails',
    takesMs: 8_000,
    async strike({ provider }, { kb }) {
      let left = 4
      const { promise: over, resolve } = Promise.withResolvers<void>()
      provider.answer = ({ body }) => {
        if (body.model !== kb || left === 0) return { kind: 'vectors' }
        if (--left === 0) resolve()
        return answer
      }
      await soon(what, over)
    },
  }),
)
