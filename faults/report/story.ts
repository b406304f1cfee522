import type { Instant } from '../../src/domain/units.ts'
import type { TargetRecord } from '../check/record.ts'
import type { Violation } from '../check/rules.ts'
import { targetTimeline } from '../check/target.ts'

interface Line {
  readonly at: Instant
  readonly text: string
}

/** A record as people read it: everything in the order in which it happened, in seconds since the wave began. */
export function storyOf(record: TargetRecord, violations: readonly Violation[]): string {
  const lines = [
    ...sampleLines(record),
    ...faultLines(record),
    ...wantedLines(record),
    ...commandLines(record),
    ...releaseLines(record),
    ...violations.map(({ at, rule, label, text }): Line => ({ at, text: `✗ ${rule} (${label}): ${text}` })),
  ]
  const { seed, wave, service, pools, script, from } = record
  const head = `seed ${seed}, wave ${wave}, release ${script.number} on ${service}; shares are those of ${pools[1]}`
  const plan = `plan ${JSON.stringify(script.plan)}`
  const sorted = lines.toSorted((left, right) => left.at - right.at)
  const told = sorted.map(({ at, text }) => `${((at - from) / 1_000).toFixed(2).padStart(8)}  ${text}`)
  return `${[head, plan, '', ...told].join('\n')}\n`
}

function sampleLines({ samples }: TargetRecord): readonly Line[] {
  return samples.map(({ from, share, pins, samples: count }) => {
    const shown = share === null ? 'no answer' : `share ${share}`
    return { at: from, text: `${shown}${pins.length === 0 ? '' : `, ${pins.join(' ')}`} (${count} samples)` }
  })
}

function faultLines({ faults, health, from: start }: TargetRecord): readonly Line[] {
  const spans = faults.map(({ kind, from, until, note }): Line => {
    const lasts = until === from ? '' : ` until ${((until - start) / 1_000).toFixed(2)}`
    return { at: from, text: `! ${kind}${lasts}${note === '' ? '' : `: ${note}`}` }
  })
  return [...spans, ...health.map(({ kind, pool, from }): Line => ({ at: from, text: `! ${pool}: ${kind}` }))]
}

function wantedLines(record: TargetRecord): readonly Line[] {
  return targetTimeline(record).map(({ from, label, canary, least, most, isHeldByLane }) => {
    const range = least === most ? String(most) : `${least} to ${most}`
    return {
      at: from,
      text: `= wanted ${range} on ${canary}, ${isHeldByLane ? 'by the lane' : `by ${label ?? 'nobody'}`}`,
    }
  })
}

function commandLines({ commands }: TargetRecord): readonly Line[] {
  return commands.map(({ at, answeredAt, verb, person, status, code }) => ({
    at,
    text: `> ${verb} by ${person}: ${status}${code === null ? '' : ` ${code}`} after ${answeredAt - at} ms`,
  }))
}

function releaseLines({ releases, until, lane }: TargetRecord): readonly Line[] {
  const ends: Line = { at: until, text: `the lane: ${JSON.stringify(lane)}` }
  const lines = releases.flatMap(({ label, releaseId, askedAt, standing, runs, card }): readonly Line[] => [
    { at: askedAt, text: `${label} is asked for: ${releaseId}` },
    { at: standing.at, text: `${label} stands: ${JSON.stringify(standing)}` },
    ...runs.flatMap((run): readonly Line[] => [
      { at: run.startedAt, text: `${label} runs, ${run.events} events` },
      ...(run.closedAt === null
        ? []
        : [{ at: run.closedAt, text: `${label} ${run.closing}: ${run.outcome} ${run.reason}` }]),
    ]),
    ...(card?.trail ?? []).map(({ at, text }): Line => ({ at, text: `${label} says: ${text}` })),
  ])
  return [...lines, ends]
}
