import { text } from 'node:stream/consumers'
import type { RehearsalPlan } from '../../analysis/readiness/rehearsal-plan.ts'
import { describeError } from '../../domain/errors.ts'
import { parseJson } from '../../domain/json.ts'
import type { RehearsedRun } from '../../domain/readiness/rehearsal.ts'
import { outliveReaders } from '../service-process.ts'
import { rehearseOnce } from './run.ts'
import { openWorld } from './world.ts'

/** Reads a rehearsal as JSON from its standard input, carries it out in a folder that whoever starts this clears away as well, and writes one line of JSON for everything that happens. */
async function main(folder: string): Promise<number> {
  outliveReaders()
  // Whatever is written, Temporal's database and the logs too, is for this user only.
  process.umask(0o077)
  // Only `sluice rehearse` writes it, in the same version.
  const rehearsal = parseJson(await text(process.stdin)) as RehearsalPlan
  const stopped = untilTold()
  const opening = openWorld(folder, rehearsal, (step) => say({ kind: 'step', text: step }))
  const world = await Promise.race([opening, stopped])
  if (world === null) {
    await (await opening).close()
    return 1
  }
  try {
    return (await Promise.race([runAll(), stopped])) === null ? 1 : 0
  } finally {
    await world.close()
  }

  async function runAll(): Promise<true> {
    for (const [index, planned] of rehearsal.runs.entries()) {
      say({ kind: 'begins', name: planned.name })
      if (world !== null) say({ kind: 'ran', run: await rehearseOnce(planned, index + 1, rehearsal, world) })
    }
    return true
  }
}

type Line =
  | { readonly kind: 'step'; readonly text: string }
  | { readonly kind: 'begins'; readonly name: string }
  | { readonly kind: 'ran'; readonly run: RehearsedRun }

function say(line: Line): void {
  process.stdout.write(`${JSON.stringify(line)}\n`)
}

/** Null as soon as somebody tells us to end, or whoever started us is gone. */
function untilTold(): Promise<null> {
  return new Promise((resolve) => {
    for (const signal of ['SIGINT', 'SIGTERM', 'SIGHUP'] as const) process.once(signal, () => resolve(null))
    process.once('disconnect', () => resolve(null))
    if (process.send !== undefined && !process.connected) resolve(null)
  })
}

const [, , folder] = process.argv
if (folder === undefined) throw new Error('the folder of the rehearsal is missing')
await main(folder).then(
  (status) => process.exit(status),
  (error: unknown) => {
    process.stderr.write(`${describeError(error)}\n`)
    process.exit(1)
  },
)
