/** Values and users: they become keys of a router's map, so that no space, semicolon or backslash can stand in one. */
export const COHORT_VALUE = /^[A-Za-z0-9_.@+:/=|~-]{1,128}$/

/** What {@link COHORT_VALUE} takes, in words. */
export const COHORT_VALUE_WORDS = 'letters, digits and _.@+:/=|~- only, at most 128'

/** Users of one file. */
export const MOST_USERS = 5_000

/**
 * The users of a file with one on each line; empty lines and those that begin with `#` are none. Answers with the first
 * line, from 1, that is wrong.
 */
export function usersIn(
  text: string,
): { readonly users: readonly string[] } | { readonly line: number; readonly received: string } {
  const users: string[] = []
  for (const [index, written] of text.split('\n').entries()) {
    const line = written.trim()
    if (line === '' || line.startsWith('#')) continue
    if (!COHORT_VALUE.test(line)) return { line: index + 1, received: line }
    users.push(line)
  }
  return { users: [...new Set(users)] }
}
