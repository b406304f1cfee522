import { execFile } from 'node:child_process'
import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { promisify } from 'node:util'
import { beforeAll, describe, expect, it } from 'vitest'

const ROOT = fileURLToPath(new URL('../..', import.meta.url))
const { bin } = JSON.parse(readFileSync(join(ROOT, 'package.json'), 'utf8')) as { bin: Record<string, string> }

describe('the package that npm pack makes', () => {
  let files: readonly string[] = []

  beforeAll(async () => {
    const args = ['pack', '--dry-run', '--json', '--ignore-scripts']
    const { stdout } = await promisify(execFile)('npm', args, { cwd: ROOT, maxBuffer: 16 * 1_048_576 })
    const [packed] = JSON.parse(stdout) as { files: { path: string }[] }[]
    files = packed?.files.map(({ path }) => path) ?? []
  })

  it('has every program, the workflows as built, the schema and the examples', () => {
    const needed = [
      ...Object.values(bin).map((file) => file.replace('./', '')),
      ...['dist/workflow-bundle.js', 'dist/api/plan-thread.js', 'schema/plan.schema.json', 'examples/sluice.yaml'],
      ...['README.md', 'LICENSE', 'CHANGELOG.md', 'SECURITY.md'],
    ]
    expect(needed.filter((file) => !files.includes(file))).toEqual([])
  })

  it('has nothing that only we need', () => {
    expect(files.filter((file) => /^(?:src|test|scripts|bench|faults|\.ci|node_modules)\//.test(file))).toEqual([])
  })
})
