import { existsSync } from 'node:fs'
import { resolve } from 'node:path'
import { type Browser, chromium, type Page } from 'playwright-core'
import { build } from 'vite'
import { afterAll, beforeAll, describe, expect, test, vi } from 'vitest'
import { type Access, everything, openAccess } from '../../src/api/doors/access.ts'
import { createServer } from '../../src/api/server.ts'
import { aHit, aJob, aKnowledgeBase, type FakePorts, fakePorts } from '../api/fake-ports.ts'
import { temporaryFolder } from '../kit/temporary-folder.ts'

vi.setConfig({ testTimeout: 60_000, hookTimeout: 120_000 })

const executablePath = [process.env.CHROMIUM_PATH ?? '', '/usr/bin/chromium', '/usr/bin/google-chrome'].find(existsSync)
if (executablePath === undefined)
  console.log(
    'The tests of the console are skipped: there is no Chromium (the Debian package chromium, or CHROMIUM_PATH).',
  )

/** Waits until the server was asked what a page asks it. */
const soon = (check: () => void): Promise<void> => vi.waitFor(check, { timeout: 20_000 })

describe.skipIf(executablePath === undefined)('the console', () => {
  const { folder, remove } = temporaryFolder('console')
  let browser: Browser

  beforeAll(async () => {
    await build({
      configFile: resolve(import.meta.dirname, '../../src/console/vite.config.ts'),
      logLevel: 'warn',
      build: { outDir: folder, emptyOutDir: true },
    })
    const args = [
      '--no-sandbox',
      '--disable-gpu',
      '--disable-background-networking',
      '--disable-component-update',
      '--disable-dev-shm-usage',
    ]
    browser = await chromium.launch({ executablePath: executablePath!, args })
  })
  afterAll(async () => {
    await browser?.close()
    remove()
  })

  /** Opens it on a server that has these ports; nothing that the browser complains of may be left. */
  const visit = async (ports: FakePorts, use: (page: Page) => Promise<void>, access?: Access): Promise<void> => {
    const app = createServer({ ...ports, consoleFolder: folder }, access)
    const url = await app.listen({ host: '127.0.0.1', port: 0 })
    const page = await browser.newPage()
    const complaints: string[] = []
    page.on('pageerror', error => complaints.push(error.message))
    page.on('console', message => {
      if (message.type() === 'error' && !message.text().includes('status of 4')) complaints.push(message.text())
    })
    try {
      await page.goto(url)
      await use(page)
      expect(complaints).toEqual([])
    } finally {
      await page.close()
      await app.close()
    }
  }

  test('lists jobs with why they stand, of the state that is chosen', async () => {
    const ports = fakePorts()
    ports.stored.jobs.push(
      aJob({ status: 'pending', waiting_for: 'a lane; 3 jobs are before it' }),
      aJob({ job_id: 'job-2', kb_id: 'shop', status: 'completed', progress: 100 }),
    )
    await visit(ports, async page => {
      await page.getByText('a lane; 3 jobs are before it').waitFor()
      await page.getByLabel('State').selectOption('completed')
      await soon(() => expect(ports.asked.filters.at(-1)).toMatchObject({ status: 'completed' }))
    })
  })

  test('reads a list on, page by page, when that is asked for', async () => {
    const ports = fakePorts()
    for (let i = 1; i <= 60; i++) ports.stored.jobs.push(aJob({ job_id: `job-${i}` }))
    await visit(ports, async page => {
      await page.getByRole('link', { name: 'job-50', exact: true }).waitFor()
      expect(await page.getByRole('link', { name: 'job-60', exact: true }).count()).toBe(0)
      await page.getByRole('button', { name: 'More' }).click()
      await page.getByRole('link', { name: 'job-60', exact: true }).waitFor()
      await page.getByRole('button', { name: 'More' }).waitFor({ state: 'detached' })
    })
  })

  test('uploads files and begins their ingestion, then shows the job', async () => {
    const kept: string[] = []
    const ports = fakePorts({
      uploads: {
        ...fakePorts().uploads,
        async put(_, path, content) {
          const bytes = Buffer.concat(await content.toArray())
          kept.push(`${path}: ${bytes}`)
          return { path, bytes: bytes.length, sha256: '0'.repeat(64) }
        },
      },
    })
    ports.stored.jobs.push(aJob())
    ports.stored.admission = { outcome: 'accepted', job_id: 'job-1', kb_id: 'handbook', status: 'pending' }
    await visit(ports, async page => {
      await page.getByRole('link', { name: 'Ingest' }).click()
      await page.getByLabel('Knowledge base').fill('My Handbook')
      await page.getByLabel('Files', { exact: true }).setInputFiles([
        { name: 'one.md', mimeType: 'text/markdown', buffer: Buffer.from('# One') },
        { name: 'two.txt', mimeType: 'text/plain', buffer: Buffer.from('Two') },
      ])
      await page.getByLabel('Read again every').fill('1d')
      await page.getByRole('button', { name: 'Begin' }).click()
      await page.getByText('one.md was not uploaded: params.kb_id must be').waitFor()
      await page.getByLabel('Knowledge base').fill('handbook')
      await page.getByRole('button', { name: 'Begin' }).click()
      await page.getByRole('row', { name: /CHUNKING/ }).waitFor()
      expect(kept).toEqual(['one.md: # One', 'two.txt: Two'])
      expect(ports.asked.submissions).toMatchObject([
        {
          kb_id: 'handbook',
          sources: [{ type: 'local_files', uploads: true }],
          schedule: [{ refresh: { every_s: 86_400 } }],
        },
      ])
    })
  })

  test('tells websites from videos by their addresses, and every mistake that the API finds', async () => {
    const ports = fakePorts()
    ports.stored.knowledgeBases.push(aKnowledgeBase())
    ports.stored.admission = { outcome: 'accepted', job_id: 'job-1', kb_id: 'handbook', status: 'pending' }
    await visit(ports, async page => {
      await page.getByRole('link', { name: 'Knowledge bases' }).click()
      await page.getByRole('link', { name: 'handbook' }).click()
      await page.getByRole('link', { name: 'Put more into it' }).click()
      await page.getByLabel('From').selectOption('addresses')
      const video = 'https://www.youtube.com/watch?v=abcdefghijk'
      await page.getByLabel('Addresses').fill(`https://docs.example.org/\n\n ${video} \n`)
      await page.getByLabel('Read again every').fill('often')
      await page.getByRole('button', { name: 'Begin' }).click()
      await page.getByRole('alert').getByText('sources[1].refresh_every', { exact: true }).waitFor()
      await page.getByLabel('Read again every').fill('')
      await page.getByRole('button', { name: 'Begin' }).click()
      await soon(() =>
        expect(ports.asked.submissions).toMatchObject([
          {
            kb_id: 'handbook',
            sources: [
              { type: 'website', urls: ['https://docs.example.org/'] },
              { type: 'youtube', videos: [expect.stringContaining('abcdefghijk')] },
            ],
          },
        ]),
      )
    })
  })

  test('shows a job with its phases, and follows it without being told to', async () => {
    const ports = fakePorts()
    ports.stored.jobs.push(aJob())
    await visit(ports, async page => {
      await page.getByRole('link', { name: 'job-1' }).click()
      await page
        .getByRole('row', { name: /CHUNKING/ })
        .getByText('120 of 300')
        .waitFor()
      ports.stored.jobs[0] = aJob({ status: 'failed', message: 'The provider refused the key.' })
      await page.getByText('The provider refused the key.').waitFor()
      await page.getByRole('button', { name: 'retry', exact: true }).waitFor()
    })
  })

  test('pauses a job or one phase of it, and says what the API has against it', async () => {
    const ports = fakePorts()
    ports.stored.jobs.push(aJob())
    await visit(ports, async page => {
      await page.getByRole('link', { name: 'job-1' }).click()
      await page.getByRole('button', { name: 'pause CHUNKING' }).click()
      await soon(() =>
        expect(ports.asked.commands).toMatchObject([{ kb_id: 'handbook', verb: 'pause', phase: 'CHUNKING' }]),
      )
      ports.stored.command = { outcome: 'no_job' }
      await page.getByRole('button', { name: 'pause', exact: true }).click()
      await page.getByRole('alert').waitFor()
    })
  })

  test('cancels only when that is confirmed', async () => {
    const ports = fakePorts()
    ports.stored.jobs.push(aJob())
    await visit(ports, async page => {
      await page.getByRole('link', { name: 'job-1' }).click()
      page.once('dialog', dialog => dialog.dismiss())
      await page.getByRole('button', { name: 'cancel' }).click()
      page.once('dialog', dialog => dialog.accept())
      await page.getByRole('button', { name: 'cancel' }).click()
      await soon(() => expect(ports.asked.commands).toMatchObject([{ verb: 'cancel', job_id: 'job-1' }]))
    })
  })

  test('shows dead letters by cause and replays those of one', async () => {
    const ports = fakePorts()
    ports.stored.jobs.push(aJob({ status: 'completed' }))
    ports.stored.deadLetters.push({
      ...{ stage: 'LOADING', code: 'scanned_pdf', count: 3, open: 2 },
      examples: [{ uri: 'file:///scan.pdf', message: 'It has no text.' }],
    })
    await visit(ports, async page => {
      await page.getByRole('link', { name: 'job-1' }).click()
      await page.getByText('It has no text.').waitFor()
      await page.getByRole('button', { name: 'replay' }).click()
      await soon(() =>
        expect(ports.asked.letters).toContainEqual([
          'replay',
          'job-1',
          expect.objectContaining({ select: { stage: 'LOADING', code: 'scanned_pdf' } }),
        ]),
      )
    })
  })

  test('searches a knowledge base and shows what it finds as text, whatever it is', async () => {
    const ports = fakePorts()
    ports.stored.knowledgeBases.push(aKnowledgeBase())
    ports.stored.hits.push(aHit({ text: '<img src=x onerror="alert(1)"> keys' }))
    await visit(ports, async page => {
      await page.getByRole('link', { name: 'Knowledge bases' }).click()
      await page.getByRole('link', { name: 'handbook' }).click()
      await page.getByRole('searchbox').fill('rotate keys')
      await page.getByRole('button', { name: 'Search' }).click()
      await page.getByText('<img src=x onerror="alert(1)"> keys').waitFor()
      expect(ports.asked.searches).toMatchObject([{ kb: 'handbook', text: 'rotate keys', mode: 'hybrid' }])
    })
  })

  test('deletes a knowledge base only for who types its name', async () => {
    const ports = fakePorts()
    ports.stored.knowledgeBases.push(aKnowledgeBase())
    await visit(ports, async page => {
      await page.getByRole('link', { name: 'Knowledge bases' }).click()
      await page.getByRole('link', { name: 'handbook' }).click()
      const button = page.getByRole('button', { name: 'delete the knowledge base' })
      page.once('dialog', dialog => dialog.accept('handbok'))
      await button.click()
      page.once('dialog', dialog => dialog.accept('handbook'))
      await button.click()
      await soon(() => expect(ports.asked.deletions).toEqual(['handbook']))
    })
  })

  test('asks for a key where one is wanted, and again for one that is no good', async () => {
    const ports = fakePorts()
    ports.stored.jobs.push(aJob())
    const access: Access = {
      ...openAccess,
      open: false,
      find: async secret => (secret === 'good' ? { ...everything, key: 'key-1' } : null),
    }
    await visit(
      ports,
      async page => {
        await page.getByText('This needs a key').waitFor()
        await page.getByLabel('Key').fill('bad')
        await page.getByRole('button', { name: 'Show it' }).click()
        await page.getByText('There is no such key').waitFor()
        await page.getByLabel('Key').fill('good')
        await page.getByRole('button', { name: 'Show it' }).click()
        await page.getByRole('link', { name: 'job-1' }).waitFor()
        await page.reload()
        await page.getByRole('link', { name: 'job-1' }).waitFor()
      },
      access,
    )
  })
})
