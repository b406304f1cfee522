import { spawn, spawnSync } from 'node:child_process'
import { once } from 'node:events'
import { describe, expect, it } from 'vitest'
import { chainToPackageManager, isWhole } from '../../scripts/lib/ancestors.mjs'

const asScript = { npm_lifecycle_event: 'start' }

describe('the processes between a script and its package manager', () => {
  it('are nobody where no package manager runs it: who left it alone may have meant to', async () => {
    expect(await chainToPackageManager({}, process.pid)).toEqual([])
    expect(await isWhole([], 1)).toBe(true)
  })

  it('are the package manager alone where the shell has become the script', async () => {
    expect(await chainToPackageManager(asScript, process.pid)).toEqual([process.pid])
  })

  it('are the shell and the package manager where the shell waits, and no more once one of them is gone', async () => {
    // The second command keeps the shell from becoming the first one.
    const shell = spawn('sh', ['-c', 'sleep 60; true'], { detached: true, stdio: 'ignore' })
    try {
      const chain = await chainToPackageManager(asScript, shell.pid ?? 0)
      expect(chain).toEqual([shell.pid, process.pid])
      expect(await isWhole(chain, shell.pid ?? 0)).toBe(true)
      expect(await isWhole(chain, 1)).toBe(false)
      expect(await isWhole([shell.pid ?? 0, 1], shell.pid ?? 0)).toBe(false)
      process.kill(-(shell.pid ?? 0), 'SIGKILL')
      await once(shell, 'exit')
      expect(await isWhole(chain, shell.pid ?? 0)).toBe(false)
    } finally {
      spawnSync('kill', ['-9', '--', `-${shell.pid}`])
    }
  })
})
