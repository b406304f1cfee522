import type { Milliseconds } from '../../src/domain/units.ts'
import { GOALS } from '../check/measure.ts'
import { RULES } from '../check/rules.ts'
import { FAULT_KINDS, FAULT_NAMES } from '../kinds.ts'
import type { Result, Times } from './result.ts'

/** Every kind of fault and what is done, as Markdown. */
export function kindsTable(): string {
  const rows = FAULT_NAMES.map((name) => {
    const { group, text, excuses } = FAULT_KINDS[name]
    return `| \`${name}\` | ${GROUPS[group]} | ${text} | ${PATIENCE[excuses]} |`
  })
  return ['| kind | strikes | what is done | patience begins at |', '| --- | --- | --- | --- |', ...rows].join('\n')
}

const PATIENCE = { nothing: '–', 'from-beginning': 'its beginning', 'from-end': 'its end' } as const

const GROUPS = {
  world: 'everybody',
  canary: 'the canary',
  router: 'the map',
  socket: 'the runtime API',
  metrics: 'the metric source',
  forged: 'Temporal',
  people: 'the release, by people',
} as const

/** What a campaign has found, as Markdown. */
export function resultTables(result: Result): string {
  const { seed, releases, minutes, stalled, endings, users } = result
  const ended = Object.entries(endings).map(([word, count]) => `${count} ${word}`)
  return [
    `${releases} releases in ${minutes} minutes, seed ${seed}: ${ended.join(', ')}. ${number(users.sent)} requests of users, ${number(users.failed)} failed. The machine stood still for ${seconds(stalled)}.`,
    rulesTable(result),
    goalsTable(result),
    timesTable(result),
  ].join('\n\n')
}

function rulesTable({ violations }: Result): string {
  const rows = Object.entries(RULES).map(([rule, text]) => `| ${text} | ${violations[rule as keyof typeof RULES]} |`)
  return ['| violation | times |', '| --- | --- |', ...rows].join('\n')
}

function goalsTable({ goals }: Result): string {
  const rows = Object.entries(GOALS).map(([what, goal]) => {
    const times = goals[what]
    return times === undefined ? `| ${what} | 0 | – | – | – | ${goal} |` : `| ${what} | ${cells(times)} | ${goal} |`
  })
  return ['| measured | times | p50 | p99 | max | goal |', '| --- | --- | --- | --- | --- | --- |', ...rows].join('\n')
}

function timesTable({ kinds, carriedOut }: Result): string {
  const rows = FAULT_NAMES.map((name) => {
    const times = kinds[name]
    const figures = times === undefined ? '– | –' : `${seconds(times.p50)} | ${seconds(times.most)}`
    return `| \`${name}\` | ${carriedOut[name] ?? 0} | ${figures} |`
  })
  return ['| fault | times | until the right weight, p50 | max |', '| --- | --- | --- | --- |', ...rows].join('\n')
}

function cells({ count, p50, p99, most }: Times): string {
  return [String(count), ...[p50, p99, most].map(seconds)].join(' | ')
}

function seconds(milliseconds: Milliseconds): string {
  return milliseconds < 1_000 ? `${Math.round(milliseconds)} ms` : `${(milliseconds / 1_000).toFixed(1)} s`
}

function number(value: number): string {
  return value.toLocaleString('en-US')
}

/** Replaces what stands between `<!-- campaign: name -->` and `<!-- /campaign -->`. Throws when there is no such place. */
export function fillPlace(page: string, name: string, text: string): string {
  const opening = `<!-- campaign: ${name} -->`
  const [before, after] = [page.indexOf(opening), page.indexOf('<!-- /campaign -->', page.indexOf(opening))]
  if (before < 0 || after < 0) throw new Error(`the page has no place for ${name}: ${opening} … <!-- /campaign -->`)
  return `${page.slice(0, before)}${opening}\n${text}\n${page.slice(after)}`
}
