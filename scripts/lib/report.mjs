/**
 * One step as it is shown to the person at the terminal. `tell` shows at once, `progress` with the next second.
 * @typedef {{
 *   tell: (text: string) => void,
 *   progress: (text: string) => void,
 *   done: (text: string) => void,
 *   skip: (text: string) => void,
 *   fail: (text: string) => void,
 * }} Step
 *
 * @typedef {{ begin: (title: string) => Step, note: (text: string) => void }} Report
 *
 * @typedef {{ write(text: string): unknown, isTTY?: boolean | undefined }} Output
 */

/** How often a step that takes long says so where lines cannot be rewritten. */
const REMINDER_MS = 15_000

/**
 * Prints one line per step, with the seconds it has taken while it runs. Colour only on a terminal and without NO_COLOR.
 * @param {{ output?: Output, env?: NodeJS.ProcessEnv, now?: () => number }} [options]
 * @returns {Report}
 */
export function createReport({ output = process.stdout, env = process.env, now = Date.now } = {}) {
  const live = output.isTTY === true && env['TERM'] !== 'dumb'
  const colour = live && !env['NO_COLOR']

  /** @param {'32' | '31' | '33' | '2'} code @param {string} text */
  const paint = (code, text) => (colour ? `\u001B[${code}m${text}\u001B[0m` : text)

  /** @param {string} title @returns {Step} */
  function begin(title) {
    const started = now()
    let doing = ''
    const line = () => `… ${title}${doing === '' ? '' : `: ${doing}`}${seconds(now() - started)}`
    const show = () => output.write(live ? `\r\u001B[K${paint('2', line())}` : `${line()}\n`)
    const timer = setInterval(show, live ? 1_000 : REMINDER_MS)
    timer.unref()
    /** @param {string} mark @param {string} text */
    const end = (mark, text) => {
      clearInterval(timer)
      output.write(`${live ? '\r\u001B[K' : ''}${mark} ${title}: ${text}${seconds(now() - started)}\n`)
    }
    return {
      tell(text) {
        doing = text
        show()
      },
      progress(text) {
        doing = text
      },
      done: (text) => end(paint('32', '✓'), text),
      skip: (text) => end(paint('33', '–'), text),
      fail: (text) => end(paint('31', '✗'), text),
    }
  }

  return {
    begin,
    note: (text) => void output.write(`${live ? '\r\u001B[K' : ''}  ${text}\n`),
  }
}

/** @param {number} elapsedMs */
function seconds(elapsedMs) {
  return elapsedMs < 1_000 ? '' : ` (${Math.round(elapsedMs / 1_000)} s)`
}
