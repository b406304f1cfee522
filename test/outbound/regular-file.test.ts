import { execFileSync } from 'node:child_process'
import { mkdtemp, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterEach, beforeEach, expect, it } from 'vitest'
import { readInput, readRegularFile, readRegularFileSync } from '../../src/outbound/regular-file.ts'

let folder = ''
beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), 'sluice-file-test-'))
})
afterEach(() => rm(folder, { recursive: true }))

it('reads a file, and up to its bound only', async () => {
  const file = join(folder, 'plan.yaml')
  await writeFile(file, 'größe: 1\n')
  for (const text of [await readRegularFile(file, 11), readRegularFileSync(file), await readInput(file)])
    expect(text).toBe('größe: 1\n')
  await expect(readRegularFile(file, 10)).rejects.toThrow('it has more than 10 bytes')
})

it('reads a pipe that a person names, but nothing that has no end', async () => {
  const pipe = join(folder, 'pipe')
  execFileSync('mkfifo', [pipe])
  const [text] = await Promise.all([readInput(pipe), writeFile(pipe, 'service: checkout\n')])
  expect(text).toBe('service: checkout\n')
  await expect(readInput('/dev/zero')).rejects.toThrow('it has more than')
})
