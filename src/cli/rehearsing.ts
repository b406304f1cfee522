import { spawn } from 'node:child_process'
import { existsSync } from 'node:fs'
import { createInterface } from 'node:readline'
import { fileURLToPath } from 'node:url'
import type { RehearsalPlan } from '../analysis/readiness/rehearsal-plan.ts'
import { isRecord, parseJson } from '../domain/json.ts'
import type { RehearsedRun } from '../domain/readiness/rehearsal.ts'
import { CliFailure, EXIT } from './failure.ts'

/** What a rehearsal tells while it goes on. */
type RehearsalLine =
  | { readonly kind: 'step'; readonly text: string }
  | { readonly kind: 'begins'; readonly name: string }
  | { readonly kind: 'ran'; readonly run: RehearsedRun }

/** Runs a rehearsal in processes of its own, and ends when none of them is left. */
export type Rehearse = (rehearsal: RehearsalPlan, onLine: (line: RehearsalLine) => void) => Promise<void>

const PROGRAM = fileURLToPath(new URL('../../scripts/rehearse.mjs', import.meta.url))

/** True in a clone of Sluice: a global install brings no data plane along. */
export function canRehearse(): boolean {
  return existsSync(PROGRAM)
}

/** @throws CliFailure when it has not come to its end */
export const rehearseHere: Rehearse = async (rehearsal, onLine) => {
  const child = spawn(process.execPath, [PROGRAM], { stdio: ['pipe', 'pipe', 'pipe', 'ipc'] })
  let said = ''
  child.stderr?.on('data', (chunk: Buffer) => (said = `${said}${chunk.toString()}`.slice(-4_000)))
  child.stdin?.on('error', () => undefined)
  child.stdin?.end(JSON.stringify(rehearsal))
  const ended = new Promise<number | null>((resolve, reject) => {
    child.once('error', reject)
    child.once('exit', resolve)
  })
  if (child.stdout !== null)
    for await (const text of createInterface({ input: child.stdout })) {
      const line = parseJson(text)
      // Our own program in the same version writes these lines and no others.
      if (isRecord(line) && typeof line['kind'] === 'string') onLine(line as unknown as RehearsalLine)
    }
  const code = await ended
  if (code === 0) return
  const why = said.trim() === '' ? `it ended with ${code ?? 'a signal'}` : said.trim()
  throw new CliFailure(EXIT.refused, `the rehearsal did not come to its end, and nothing was kept: ${why}`)
}
