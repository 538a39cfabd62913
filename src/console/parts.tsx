import type { ReactNode } from 'react'
import { ClientError } from '../api/client.ts'

/** What went wrong, in the words of the API, with each mistake that it found. */
export const Wrong = ({ error }: { readonly error: Error | null }) => {
  if (error === null) return null
  const mistakes = error instanceof ClientError ? error.mistakes : []
  return (
    <div role="alert">
      <p>{error.message}</p>
      <ul>
        {mistakes.map(({ path, message }) => (
          <li key={`${path} ${message}`}>
            <code>{path}</code> {message}
          </li>
        ))}
      </ul>
    </div>
  )
}

/** The state of a job or a phase. */
export const State = ({ of }: { readonly of: string }) => <span className={`state ${of}`}>{of}</span>

/** A table with a row each, or a sentence where there is none. */
export const Table = ({
  head,
  none,
  children,
}: {
  readonly head: readonly string[]
  readonly none: string
  readonly children: readonly ReactNode[]
}) =>
  children.length === 0 ? (
    <p>{none}</p>
  ) : (
    <div className="overflow-auto">
      <table>
        <thead>
          <tr>
            {head.map(name => (
              <th key={name} scope="col">
                {name}
              </th>
            ))}
          </tr>
        </thead>
        <tbody>{children}</tbody>
      </table>
    </div>
  )

/** A list that is read page by page. */
interface Paged {
  readonly hasNextPage: boolean
  readonly isFetchingNextPage: boolean
  fetchNextPage(): Promise<unknown>
}

/** Asks for the next page of a list, where there is one. */
export const More = ({ of }: { readonly of: Paged }) =>
  of.hasNextPage ? (
    <button type="button" className="secondary" aria-busy={of.isFetchingNextPage} onClick={() => of.fetchNextPage()}>
      More
    </button>
  ) : null
