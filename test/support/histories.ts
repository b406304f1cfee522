import { mkdir, readdir, readFile, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { historyToJSON } from '@temporalio/common/lib/proto-utils.js'
import type { TestWorkflowEnvironment } from '@temporalio/testing'
import { expect } from 'vitest'

const FOLDER = join(process.cwd(), 'test', 'replay')

/**
 * Keeps what really happened: the histories of a test's releases or pipelines, and of the lanes, one file each, named after the test.
 * Run `SLUICE_RECORD=1 npm test -- test/e2e` when workflows have learned something new; old files stay as they are.
 */
export async function recordHistories(env: TestWorkflowEnvironment, ids: readonly string[]): Promise<void> {
  const slug = (expect.getState().currentTestName ?? 'unnamed')
    .toLowerCase()
    .replaceAll(/[^a-z0-9]+/g, '-')
    .slice(0, 90)
  await mkdir(FOLDER, { recursive: true })
  const releases = ids.filter((id) => id.startsWith('release/'))
  const lanes = new Set(releases.map((id) => id.replace(/^release/, 'lane').replace(/\/\d+$/, '')))
  for (const [index, id] of [...ids, ...lanes].entries()) {
    const history = await env.client.workflow.getHandle(id).fetchHistory()
    const name = id.startsWith('pipeline/') ? `pipeline-${slug}` : slug
    await writeFile(join(FOLDER, `${name}-${index}.json`), JSON.stringify(JSON.parse(historyToJSON(history))))
  }
}

/** The recorded histories by file name. */
export async function recordedHistories(): Promise<readonly (readonly [string, unknown])[]> {
  const files = (await readdir(FOLDER)).filter((file) => file.endsWith('.json')).sort()
  return Promise.all(files.map(async (file) => [file, JSON.parse(await readFile(join(FOLDER, file), 'utf8'))] as const))
}
