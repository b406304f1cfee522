import { spawn } from 'node:child_process'

/**
 * Runs one foreign program and sees to it that it never outlives the supervisor: when the channel to the supervisor
 * closes, for whatever reason, the program is asked to end and then made to.
 */
const [command = '', ...args] = process.argv.slice(2)
const child = spawn(command, args, { stdio: ['ignore', 'inherit', 'inherit'] })
process.send?.({ pid: child.pid })

child.on('error', () => process.exit(1))
child.on('exit', (code, signal) => process.exit(signal === null ? (code ?? 1) : 1))

let isEnding = false
function end(): void {
  if (isEnding) return
  isEnding = true
  child.kill('SIGTERM')
  setTimeout(() => child.kill('SIGKILL'), 3_000).unref()
}

process.on('disconnect', end)
// The supervisor may have gone before anybody listened.
if (process.send !== undefined && !process.connected) end()
process.on('SIGTERM', end)
// Ctrl-C reaches the whole group; the supervisor decides when it is time.
process.on('SIGINT', () => {})
