import { copyFile, mkdir, readdir, readFile, rm, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import type { PlainEvent } from '../check/history.ts'
import type { TargetRecord } from '../check/record.ts'
import type { Violation } from '../check/rules.ts'
import type { Result } from './result.ts'
import { storyOf } from './story.ts'
import { fillPlace, kindsTable, resultTables } from './tables.ts'

/** What one service was like in one wave: what the checker reads, and the histories for people. */
export interface Gathered {
  readonly record: TargetRecord
  readonly histories: Readonly<Record<string, readonly (readonly PlainEvent[])[]>>
}

/** Keeps record, story and histories of a service; returns the folder. */
export async function keepRecord(
  folder: string,
  { record, histories }: Gathered,
  violations: readonly Violation[],
): Promise<string> {
  const own = join(folder, `release-${record.script.number}`)
  await mkdir(own, { recursive: true })
  await writeFile(join(own, 'record.json'), JSON.stringify(record, null, 1))
  await writeFile(join(own, 'story.txt'), storyOf(record, violations))
  await writeFile(join(own, 'histories.json'), JSON.stringify(histories, null, 1))
  return own
}

/** Reads a record that was kept. */
export async function readKept(path: string): Promise<TargetRecord> {
  // Only the campaign itself writes these.
  return JSON.parse(await readFile(path, 'utf8')) as TargetRecord
}

export async function writeResult(folder: string, result: Result): Promise<void> {
  await mkdir(folder, { recursive: true })
  await writeFile(join(folder, 'result.json'), `${JSON.stringify(result, null, 2)}\n`)
  await writeFile(join(folder, 'result.md'), `${resultTables(result)}\n`)
}

/** Puts the table of the kinds into the page of the docs, and what a campaign has found, if there was one. */
export async function writePage(result: Result | null): Promise<void> {
  const path = join(process.cwd(), 'docs', 'reliability.md')
  const page = fillPlace(await readFile(path, 'utf8'), 'kinds', kindsTable())
  await writeFile(path, result === null ? page : fillPlace(page, 'results', resultTables(result)))
}

/** Removes the folder in which everything ran; its logs are kept where they are asked for. */
export async function clearStage(stage: string, logs: string | null): Promise<void> {
  if (logs !== null) {
    await mkdir(logs, { recursive: true })
    const names = (await readdir(stage)).filter((name) => /\.(?:log|yaml|cfg)$/.test(name))
    await Promise.all(names.map((name) => copyFile(join(stage, name), join(logs, name))))
  }
  await rm(stage, { recursive: true, force: true, maxRetries: 5 })
}
