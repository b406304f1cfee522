import { styleText } from 'node:util'
import { createLogUpdate } from 'log-update'

type Style = Parameters<typeof styleText>[0]

/** What the reader of `npm start` sees. On a terminal the live part is redrawn; elsewhere only what changed is printed. */
export interface Screen {
  readonly isLive: boolean
  readonly width: number
  readonly color: boolean
  /** Announces a step of the set-up; call what it answers when the step is done. */
  readonly step: (name: string) => () => void
  readonly addresses: (list: readonly (readonly [string, string])[]) => void
  readonly title: (text: string) => void
  readonly say: (text: string) => void
  readonly note: (text: string) => void
  /** Redraws the live part. */
  readonly live: (lines: readonly string[]) => void
  /** Leaves the live part standing and goes on below it. */
  readonly settle: () => void
  readonly whatNext: (apiPort: number) => void
}

export function createScreen(stream: NodeJS.WriteStream): Screen {
  const isLive = stream.isTTY === true
  const color = isLive && process.env['NO_COLOR'] === undefined
  const width = Math.min(100, Math.max(60, stream.columns ?? 80))
  const update = createLogUpdate(stream, { showCursor: true })
  const styled = (style: Style, text: string) => (color ? styleText(style, text, { validateStream: false }) : text)
  const print = (text: string) => void stream.write(`${text}\n`)
  return {
    ...{ isLive, width, color },
    step(name) {
      const began = performance.now()
      if (isLive) stream.write(`  … ${name}`)
      return () => {
        const seconds = ((performance.now() - began) / 1_000).toFixed(1)
        print(`${isLive ? '\r' : ''}  ${styled('green', '✓')} ${name} ${styled('dim', `${seconds} s`)}`)
      }
    },
    addresses(list) {
      print('')
      for (const [name, address] of list) print(`  ${name.padEnd(12)} ${styled('cyan', address)}`)
    },
    title: (text) => print(`\n${styled('bold', `── ${text} ${'─'.repeat(Math.max(2, width - text.length - 4))}`)}\n`),
    say: print,
    note: (text) => print(`  ${styled('yellow', '!')} ${text}`),
    live(lines) {
      if (isLive) update(lines.join('\n'))
    },
    settle() {
      if (isLive) update.done()
    },
    whatNext(apiPort) {
      const cli = `SLUICE_URL=http://127.0.0.1:${apiPort} node dist/cli/main.js`
      print('')
      print('Everything keeps running; Ctrl-C ends it, and npm start continues where it was. Try in another terminal:')
      print('')
      print(`  ${cli} start examples/checkout.yaml --version 2.7.0 --watch`)
      print(`  ${cli} list`)
      print(`  ${cli} abort checkout/production/4 --reason "just to see"`)
      print('  kill -9 a process of the tree in the middle of a bake, and see that nothing is lost')
      print('')
    },
  }
}
