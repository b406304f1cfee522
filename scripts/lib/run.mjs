import { spawn } from 'node:child_process'
import { accessSync, constants, statSync } from 'node:fs'
import { constants as system } from 'node:os'
import { delimiter, join } from 'node:path'

/**
 * How a program ended. `code` is null when it did not start (`problem` says why), was killed or ran out of time.
 * @typedef {{ code: number | null, output: string, problem: string | null, timedOut: boolean }} Ending
 */

const LONGEST_OUTPUT = 200_000
const ENDING_SIGNALS = /** @type {const} */ (['SIGINT', 'SIGTERM', 'SIGHUP'])

/**
 * Runs a program to its end and collects what it prints (both streams, the last 200,000 characters). Never rejects.
 * The program is ended when the time is over, or when this process is told to end.
 * @param {string} command
 * @param {readonly string[]} args
 * @param {{ cwd?: string, env?: NodeJS.ProcessEnv, timeoutMs?: number, show?: boolean }} [options] `show`: to the terminal
 * @returns {Promise<Ending>}
 */
export function run(command, args, { cwd, env, timeoutMs, show = false } = {}) {
  return new Promise((resolve) => {
    let output = ''
    let timedOut = false
    const child = spawn(command, args, {
      ...(cwd === undefined ? {} : { cwd }),
      ...(env === undefined ? {} : { env }),
      stdio: ['ignore', show ? 'inherit' : 'pipe', show ? 'inherit' : 'pipe'],
    })
    for (const stream of [child.stdout, child.stderr]) {
      stream?.setEncoding('utf8').on('data', (text) => {
        output = (output + text).slice(-LONGEST_OUTPUT)
      })
    }
    const timer = setTimeout(
      () => {
        timedOut = true
        child.kill('SIGKILL')
      },
      Math.min(timeoutMs ?? Number.POSITIVE_INFINITY, 2 ** 31 - 1),
    )
    const release = endWithUs(child)
    /** @param {number | null} code @param {string | null} problem */
    const finish = (code, problem) => {
      clearTimeout(timer)
      release()
      resolve({ code, output, problem, timedOut })
    }
    child.once('error', (error) => finish(null, error.message))
    child.once('close', (code, signal) => finish(timedOut ? null : code, endingOf(command, signal, timedOut)))
  })
}

/** @param {string} command @param {string | null} signal @param {boolean} timedOut */
function endingOf(command, signal, timedOut) {
  if (timedOut) return `${command} did not end in time`
  return signal === null ? null : `${command} was ended by ${signal}`
}

/** @param {import('node:child_process').ChildProcess} child @returns {() => void} stops watching */
function endWithUs(child) {
  const handlers = ENDING_SIGNALS.map((signal) => {
    const handler = () => {
      child.kill(signal)
      process.exit(exitCodeOf(signal))
    }
    process.once(signal, handler)
    return () => process.off(signal, handler)
  })
  return () => {
    for (const off of handlers) off()
  }
}

/**
 * The exit status shells give to a program that a signal ended.
 * @param {NodeJS.Signals} signal
 */
export function exitCodeOf(signal) {
  return 128 + system.signals[signal]
}

/**
 * The full path of a program.
 * @param {string} name
 * @param {NodeJS.ProcessEnv} [env]
 * @param {readonly string[]} [alsoIn] folders to look in after PATH
 * @returns {string | null} null when it is nowhere
 */
export function findProgram(name, env = process.env, alsoIn = []) {
  const file = process.platform === 'win32' ? `${name}.exe` : name
  const folders = [...(env['PATH'] ?? '').split(delimiter), ...alsoIn].filter((folder) => folder !== '')
  return folders.map((folder) => join(folder, file)).find(isProgram) ?? null
}

/** @param {string} path */
function isProgram(path) {
  try {
    accessSync(path, constants.X_OK)
    return statSync(path).isFile()
  } catch {
    return false
  }
}

/**
 * The last lines of what a program printed, to show why it failed.
 * @param {Ending} ending
 */
export function lastLines({ problem, output }, count = 8) {
  const lines = output.split('\n').filter((line) => line.trim() !== '')
  return [...(problem === null ? [] : [problem]), ...lines.slice(-count)].map((line) => `  ${line}`).join('\n')
}
