import { spawn } from 'node:child_process'
import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { ROOT } from './lib/entry.mjs'
import { exitCodeOf } from './lib/run.mjs'
import { findTemporal } from './lib/temporal.mjs'

/** Its lines are for a program. */
const ignore = () => {}
const SILENT = { tell: ignore, progress: ignore, done: ignore, skip: ignore, fail: ignore }

/** What `sluice rehearse` starts: finds Temporal as `npm start` does, and hands everything else on. */
const { path } = await findTemporal({ env: process.env, step: SILENT })
const folder = mkdtempSync(join(tmpdir(), 'sluice-rehearsal-'))
const child = spawn(process.execPath, [join(ROOT, 'dist', 'embedded', 'rehearsal', 'main.js'), folder], {
  env: { ...process.env, TEMPORAL_CLI: path },
  // The channel closes with this process, however it ends: that is how the rehearsal notices.
  stdio: ['inherit', 'inherit', 'inherit', 'ipc'],
})
for (const signal of /** @type {const} */ (['SIGINT', 'SIGTERM', 'SIGHUP']))
  process.on(signal, () => child.kill(signal))
process.on('disconnect', () => child.kill('SIGTERM'))
child.once('exit', (code, signal) => {
  // One that was killed has left it; what it had started ends a moment later, and may write until then.
  rmSync(folder, { recursive: true, force: true, maxRetries: 10, retryDelay: 100 })
  process.exit(signal === null ? (code ?? 1) : exitCodeOf(signal))
})
