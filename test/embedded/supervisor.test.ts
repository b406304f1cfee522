import { writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { pathToFileURL } from 'node:url'
import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import { createSupervisor } from '../../src/embedded/supervisor.ts'
import { temporaryFolder } from './running.ts'

let folder: Awaited<ReturnType<typeof temporaryFolder>>
beforeEach(async () => {
  folder = await temporaryFolder()
})
afterEach(() => folder.remove())

/** A part that does this, at whose address somebody answers whatever it does. */
async function startPart(program: string): Promise<string> {
  const entry = join(folder.path, 'part.mjs')
  await writeFile(entry, program)
  const supervisor = createSupervisor({
    ...{ logs: folder.path, readyLimit: 3_000 },
    onRestart: () => undefined,
    onProcess: () => undefined,
  })
  try {
    await supervisor.start({ name: 'part', entry: pathToFileURL(entry).href, isReady: async () => true })
    return 'serves'
  } catch (error) {
    return String(error)
  } finally {
    await supervisor.stop()
  }
}

const STAY = "process.on('disconnect', () => process.exit(0)); process.on('SIGTERM', () => process.exit(0));"

describe('a part of the tree', () => {
  it.each(["'ready'", '{ listening: { http: 1 } }'])('serves once it says so itself: %s', async (message) => {
    expect(await startPart(`${STAY} process.send(${message})`)).toBe('serves')
  })

  it('does not serve because another program answers at its address', async () => {
    expect(await startPart('process.exit(1)')).toContain('part did not serve within 3 s')
  })
})
