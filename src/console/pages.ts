interface Page {
  /** What the next page is asked for after; null on the last. */
  readonly next: string | null
}

/** How a list of the API goes on, for `useInfiniteQuery`: its page parameter is `after`. */
export const byPage = {
  initialPageParam: undefined as string | undefined,
  getNextPageParam: ({ next }: Page): string | undefined => next ?? undefined,
}
