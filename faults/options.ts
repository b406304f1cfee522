import { parseArgs } from 'node:util'
import { FAULT_NAMES, type FaultName, isFaultName } from './kinds.ts'

/** What a campaign is asked to do. */
export interface CampaignOptions {
  readonly seed: number
  /** At least so many releases; the last wave is always played to its end. */
  readonly releases: number
  /** No wave begins that might not end within so many minutes; null for as long as it takes. */
  readonly minutes: number | null
  readonly parallel: number
  readonly rate: number
  readonly only: FaultName | null
  /** Play just the wave of this release. */
  readonly replay: number | null
  /** Keep the records of all releases, not only of those with a violation. */
  readonly keep: boolean
  /** Put the tables into docs/reliability.md. */
  readonly write: boolean
  /** Only put the table of kinds into docs/reliability.md. */
  readonly kinds: boolean
  /** Check records that an earlier campaign has kept, and play nothing. */
  readonly check: string | null
}

export const USAGE = [
  'usage: npm run faults -- [options]',
  '  --seed N            seed of all scripts; drawn when absent',
  '  --releases N        at least so many releases (300)',
  '  --minutes M         no new wave when it might not end within M minutes',
  '  --only KIND         only this kind of fault',
  '  --replay SEED/N     the wave of release N once more',
  '  --parallel N        services, and so releases at a time (8)',
  '  --rate N            requests per second and service (40)',
  '  --keep              keep the records of all releases, not only of violations',
  '  --write             put the tables into docs/reliability.md',
  '  --kinds             put the table of the kinds there, and play nothing',
  '  --check FILE        check kept records once more, and play nothing',
].join('\n')

const DEFAULTS = { releases: 300, parallel: 8, rate: 40 } as const

/** Reads the arguments, or says what is wrong with them. `drawn` is the seed when none is given. */
export function readOptions(args: readonly string[], drawn: number): CampaignOptions | { readonly problem: string } {
  try {
    const { values } = parseArgs({
      args: [...args],
      options: {
        ...{ seed: { type: 'string' }, releases: { type: 'string' }, minutes: { type: 'string' } },
        ...{ only: { type: 'string' }, replay: { type: 'string' }, parallel: { type: 'string' } },
        ...{ rate: { type: 'string' }, write: { type: 'boolean' }, check: { type: 'string' } },
        keep: { type: 'boolean' },
        kinds: { type: 'boolean' },
      },
    })
    const replay = values.replay === undefined ? null : seedAndRelease(values.replay)
    const only = values.only ?? null
    if (only !== null && !isFaultName(only)) {
      return { problem: `there is no kind of fault ${only}; there are ${FAULT_NAMES.join(', ')}` }
    }
    return {
      seed: replay?.seed ?? whole('seed', values.seed, drawn),
      releases: whole('releases', values.releases, DEFAULTS.releases),
      minutes: values.minutes === undefined ? null : whole('minutes', values.minutes, 0),
      parallel: whole('parallel', values.parallel, DEFAULTS.parallel),
      rate: whole('rate', values.rate, DEFAULTS.rate),
      ...{ only, replay: replay?.release ?? null, write: values.write ?? false, check: values.check ?? null },
      keep: values.keep ?? false,
      kinds: values.kinds ?? false,
    }
  } catch (error) {
    return { problem: error instanceof Error ? error.message : String(error) }
  }
}

function seedAndRelease(text: string): { readonly seed: number; readonly release: number } {
  const match = /^(\d{1,9})\/(\d{1,6})[a-z]?$/.exec(text)
  if (match === null) throw new Error(`--replay takes a seed and a release, such as 7/23; not ${text}`)
  return { seed: Number(match[1]), release: Number(match[2]) }
}

function whole(name: string, text: string | undefined, otherwise: number): number {
  if (text === undefined) return otherwise
  if (!/^\d{1,9}$/.test(text) || Number(text) === 0)
    throw new Error(`--${name} takes a whole number above 0, not ${text}`)
  return Number(text)
}
