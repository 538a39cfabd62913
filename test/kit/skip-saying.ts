/** Skips the rest of a test where `condition` holds, and prints why: the default reporter does not. */
export const skipSaying = (
  { skip, task }: { skip(condition: boolean, note: string): void; task: { readonly name: string } },
  condition: boolean,
  reason: string,
): void => {
  if (condition) console.info(`skipped, as ${reason}: ${task.name}`)
  skip(condition, reason)
}
