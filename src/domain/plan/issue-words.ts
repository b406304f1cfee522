import type { z } from 'zod'

type Issue = z.core.$ZodIssue

/** What was expected where zod found something else: the schema's own words, or ours for zod's. */
export function expectedBy(issue: Issue): string {
  if (isUnworded(issue)) return wordsFor(issue)
  return issue.message.replace(/^(?:expected |must be )/, '')
}

/** True where the schema says nothing itself, and zod does; its words begin in upper case, and ours never do. */
export function isUnworded({ message }: Pick<Issue, 'message'>): boolean {
  return /^(?:Invalid |Too (?:big|small): |Unrecognized key)/.test(message)
}

function wordsFor(issue: Issue): string {
  switch (issue.code) {
    case 'invalid_type':
      return FORM_WORDS[issue.expected] ?? 'another kind of value'
    case 'invalid_value':
      return oneOf(issue.values)
    case 'too_small': {
      const bound = issue.exact === true ? 'exactly' : issue.inclusive === false ? 'more than' : 'at least'
      return sized(issue.origin, `${bound} ${issue.minimum}`)
    }
    case 'too_big': {
      // A whole number that JavaScript cannot count to; how large it may be says the fix.
      if (issue.maximum === Number.MAX_SAFE_INTEGER) return 'a whole number'
      const bound = issue.exact === true ? 'exactly' : issue.inclusive === false ? 'less than' : 'at most'
      return sized(issue.origin, `${bound} ${issue.maximum}`)
    }
    case 'invalid_format':
      return FORMAT_WORDS[issue.format] ?? 'a text of another form'
    case 'not_multiple_of':
      return `a multiple of ${issue.divisor}`
    case 'invalid_union':
      return alternativesOf(issue)
    case 'invalid_key':
    case 'invalid_element':
      return issue.issues.map(expectedBy).join(', ') || 'another name'
    case 'unrecognized_keys':
      return 'no further key'
    case 'custom':
      return 'another value'
  }
}

/** How people call what zod calls a type. */
const FORM_WORDS: Readonly<Record<string, string>> = {
  string: 'a text',
  number: 'a number',
  int: 'a whole number',
  boolean: 'true or false',
  array: 'a list',
  tuple: 'a list',
  object: 'keys with values',
  record: 'keys with values',
  null: 'null',
  undefined: 'nothing here',
  never: 'nothing here',
}

const FORMAT_WORDS: Readonly<Record<string, string>> = {
  url: 'an address such as https://example.com',
  cidrv4: 'a range of addresses such as 10.0.0.0/8',
  cidrv6: 'a range of addresses such as fd00::/8',
}

function oneOf(values: readonly unknown[]): string {
  const words = values.map(String)
  return words.length === 1 ? (words[0] ?? '') : `one of ${words.join(', ')}`
}

/** What people count in a value: characters of a text, entries of a list; a number is its own size. */
function sized(origin: string, size: string): string {
  const ending = size.endsWith(' 1') ? ['character', 'entry', 'key'] : ['characters', 'entries', 'keys']
  if (origin === 'string') return `a text of ${size} ${ending[0]}`
  if (origin === 'array') return `a list of ${size} ${ending[1]}`
  return origin === 'object' || origin === 'record' ? `${size} ${ending[2]}` : size
}

function alternativesOf(issue: z.core.$ZodIssueInvalidUnion): string {
  if (issue.inclusive !== false && issue.options !== undefined && issue.options.length > 0) return oneOf(issue.options)
  const words = issue.errors.flatMap(([first]) => (first === undefined ? [] : [expectedBy(first)]))
  return [...new Set(words)].join(', or ') || 'another value'
}
