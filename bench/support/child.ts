import { type ChildProcess, fork } from 'node:child_process'
import { once } from 'node:events'

/** A file beside the benches that runs as a process of its own, and talks by messages. */
export interface Child {
  /** The next thing it says. */
  hear(): Promise<unknown>
  say(message: unknown): void
  close(): Promise<void>
}

/** Starts one; `file` is next to this file. */
export function startChild(file: string, args: readonly string[]): Child {
  const child: ChildProcess = fork(new URL(file, import.meta.url), args, { serialization: 'advanced' })
  const ended = once(child, 'exit')
  return {
    async hear() {
      const end = new AbortController()
      const options = { signal: end.signal }
      try {
        const [message] = (await Promise.race([
          once(child, 'message', options),
          once(child, 'exit', options).then(() => Promise.reject(new Error(`${file} has ended`))),
        ])) as unknown[]
        return message
      } finally {
        end.abort()
      }
    },
    say: (message) => void child.send(message as object),
    async close() {
      child.kill('SIGTERM')
      await ended
    },
  }
}
