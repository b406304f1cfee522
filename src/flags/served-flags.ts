/** Who asks, as OpenFeature has it: `targetingKey` and attributes. */
export type FlagContext = Readonly<Record<string, unknown>>

/** What a flag is for somebody, in the words of OFREP. */
export type Evaluation =
  | {
      readonly key: string
      readonly value: unknown
      readonly reason: string
      readonly variant: string
      readonly metadata: Readonly<Record<string, unknown>>
    }
  | { readonly key: string; readonly errorCode: string; readonly errorDetails: string }

/** The flags of one target where Sluice itself answers applications. */
export interface ServedFlags {
  /** What applications have to show, or null when only this machine may ask. */
  readonly token: string | null
  /** Where applications reach these flags, or null for the address that they asked. */
  readonly address: string | null
  /** Null when there is no such flag. */
  evaluate(key: string, context: FlagContext): Promise<Evaluation | null>
  /** All flags for somebody; equal tags mean equal answers. */
  evaluateAll(context: FlagContext): Promise<{ readonly flags: readonly Evaluation[]; readonly etag: string }>
  /** The definitions in flagd's JSON, for flagd itself and its in-process providers. */
  definitions(): Promise<{ readonly text: string; readonly etag: string }>
  /** The number of the newest version. */
  version(): Promise<number>
  /** Calls back with the number of each new version; the answer ends that. */
  watch(onChange: (version: number) => void): () => void
  close(): void
}
