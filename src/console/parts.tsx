import type { ReactNode } from 'react'

/** What went wrong, in the words of the API. */
export const Wrong = ({ error }: { readonly error: Error | null }) =>
  error === null ? null : <p role="alert">{error.message}</p>

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
