import type { Violation } from '../check/rules.ts'
import type { Checked } from './result.ts'

/** One line per release, and one for each violation with the way to see it again. */
export function linesOf({ record, violations }: Checked): readonly string[] {
  return record.releases.flatMap(({ label, runs, standing, askedAt }) => {
    const own = violations.filter((violation) => violation.label === label)
    const ending = runs.at(-1)?.outcome ?? runs.at(-1)?.closing ?? standing.kind
    const acts = label === String(record.script.number) ? record.script.acts.map(({ kind }) => kind) : []
    const held = standing.kind === 'held' ? ` after it was ${standing.phase}` : ''
    const lasted = Math.round((standing.at - askedAt) / 1_000)
    const head = `${own.length === 0 ? '✓' : '✗'} ${label.padStart(4)} ${record.service.padEnd(8)} ${ending}${held}`
    return [`${head}, ${lasted} s${acts.length === 0 ? '' : `: ${acts.join(', ')}`}`, ...own.map(violationLine)]
  })
}

function violationLine({ rule, text }: Violation): string {
  return `       ${rule}: ${text}`
}

/** How to see a violation again. */
export function replayLine(seed: number, label: string, more: string): string {
  return `npm run faults -- --replay ${seed}/${label.replace(/[a-z]$/, '')}${more}`
}
