import { useMutation } from '@tanstack/react-query'
import { useState } from 'react'
import { useLocation } from 'wouter'
import { begin, type From, type Wanted } from './beginning.ts'
import { useClient } from './client.ts'
import { Wrong } from './parts.tsx'

const kinds = {
  files: 'Files of yours, which are uploaded',
  addresses: 'Websites and YouTube',
  folders: 'Folders and files of the server',
  events: 'Events that others publish on Kafka',
} as const
type Kind = keyof typeof kinds
const isKind = (value: string): value is Kind => value in kinds

/** Begins an ingestion, and goes on to its job. */
export const IngestPage = ({ kbId }: { readonly kbId: string }) => {
  const client = useClient()
  const [, goTo] = useLocation()
  const [kind, setKind] = useState<Kind>('files')
  const [uploaded, setUploaded] = useState(0)
  const beginning = useMutation({
    mutationFn: (wanted: Wanted) => begin(client, wanted, setUploaded),
    onSuccess: ({ job_id }) => goTo(`/jobs/${encodeURIComponent(job_id)}`),
  })
  return (
    <>
      <h1>Ingest</h1>
      <form
        onSubmit={event => {
          event.preventDefault()
          setUploaded(0)
          beginning.mutate(wantedOf(kind, new FormData(event.currentTarget)))
        }}
      >
        <label>
          Knowledge base
          <input name="kb" defaultValue={kbId} required aria-describedby="kb-help" />
          <small id="kb-help">It is made if it is new. Lower-case letters, digits, - and _.</small>
        </label>
        <label>
          From
          <select value={kind} onChange={({ target: { value } }) => isKind(value) && setKind(value)}>
            {Object.entries(kinds).map(([value, text]) => (
              <option key={value} value={value}>
                {text}
              </option>
            ))}
          </select>
        </label>
        <Sources kind={kind} />
        <button type="submit" disabled={beginning.isPending} aria-busy={beginning.isPending}>
          {beginning.isPending && uploaded > 0 ? `Uploaded ${uploaded}` : 'Begin'}
        </button>
      </form>
      <Wrong error={beginning.error} />
    </>
  )
}

const Sources = ({ kind }: { readonly kind: Kind }) => {
  if (kind === 'events')
    return <p>What is published with this name as its kb_id goes into it, until that is cancelled.</p>
  return (
    <>
      {kind === 'files' ? (
        <label>
          Files
          <input name="files" type="file" multiple required />
        </label>
      ) : (
        <label>
          {kind === 'addresses' ? 'Addresses' : 'Paths'}, one a line
          <textarea
            name="lines"
            rows={4}
            required
            placeholder={kind === 'addresses' ? 'https://docs.example.org/guide/' : '/srv/handbook'}
          />
        </label>
      )}
      <label>
        Read again every
        <input name="refresh" placeholder="never; or 15m, 6h, 1d" />
      </label>
    </>
  )
}

const wantedOf = (kind: Kind, form: FormData): Wanted => {
  const text = (name: string) => String(form.get(name) ?? '').trim()
  const lines = text('lines')
    .split('\n')
    .map(line => line.trim())
    .filter(line => line !== '')
  const files = form.getAll('files').filter(one => one instanceof File)
  const from: From = kind === 'files' ? { kind, files } : kind === 'events' ? { kind } : { kind, lines }
  return { kb_id: text('kb'), from, refreshEvery: text('refresh') || null }
}
