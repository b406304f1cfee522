/** Exit codes of the program; `--help` explains them. */
export const EXIT = { ok: 0, refused: 1, usage: 2, unreachable: 3, partly: 4 } as const

export type ExitCode = (typeof EXIT)[keyof typeof EXIT]

/** Ends the program with a text for people and, with `--output json`, a value for programs. */
export class CliFailure extends Error {
  override readonly name = 'CliFailure'
  readonly exitCode: ExitCode
  readonly value: unknown

  constructor(exitCode: ExitCode, text: string, value: unknown = { detail: text }) {
    super(text)
    this.exitCode = exitCode
    this.value = value
  }
}
