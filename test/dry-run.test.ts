import { expect, test } from 'vitest'
import { dryRun } from '../src/dry-run.ts'
import { Fatal, Wait } from '../src/runtime/errors.ts'
import type { ReadableSource } from '../src/sources/source.ts'
import { SourceTrouble } from '../src/sources/source-trouble.ts'
import { aKnowledgeBase } from './api/fake-ports.ts'

const source = (error: Error): ReadableSource => ({
  total: async () => 1,
  bite: async () => ({ documents: [], next: null }),
  read: () => Promise.reject(error),
})
const document = { document_id: 'd', uri: 'u', source_index: 0, dead_letters: 1, edited: null, stored: null }
const plan = {
  ...{ job_id: 'j', kb_id: 'kb', sources: [], documents: [document], unknown_edits: [] },
  ...{ dead_letters: 1, not_replayable: 0, superseded: 0, left: 0 },
}
const tried = (error: Error) =>
  dryRun(() => ({ source: source(error), id: 's' }), { get: async () => aKnowledgeBase() })(plan, {
    ...{ limit: 1, content: false, signal: new AbortController().signal },
  })

test('a dry run says of what cannot be read for now that a replay asks again', async () => {
  for (const error of [new Wait('rate_limited', 'Not now.', 1), new SourceTrouble('timeout', 'No answer.')])
    expect(await tried(error)).toMatchObject([
      { outcome: 'rejects', code: error.code, message: `${error.message} A replay asks again.` },
    ])
})

test('what fails all of it fails the dry run', async () => {
  await expect(tried(new Fatal('source_gone', 'It is gone.'))).rejects.toThrow('It is gone.')
})
