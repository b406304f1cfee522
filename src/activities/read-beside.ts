import type { MetricSource } from '../metrics/metric-source.ts'
import type { TargetAdapters } from './dependencies.ts'

/** What is read of metric sources beside the looks, as it may take longer than one. */
interface RecordReader<T> {
  /**
   * What is known at this look, by the name of the source: what was known, and of the others whatever was read by now, null where
   * it could not be.
   */
  readonly know: (
    known: Readonly<Record<string, T | null>>,
    names: readonly string[],
    adapters: Pick<TargetAdapters, 'metrics'>,
    read: (source: MetricSource) => Promise<T | null>,
  ) => Readonly<Record<string, T | null>>
}

interface Reading<T> {
  value: T | null
  isOver: boolean
}

/** A source that is opened anew is read anew, and so is one whose reading was taken. */
export function createReadBeside<T>(): RecordReader<T> {
  const readings = new WeakMap<MetricSource, Reading<T>>()

  /** Undefined while it is being read. */
  function take(source: MetricSource, read: (source: MetricSource) => Promise<T | null>): T | null | undefined {
    const reading = readings.get(source) ?? begin(() => read(source))
    readings.set(source, reading)
    if (!reading.isOver) return undefined
    readings.delete(source)
    return reading.value
  }

  return {
    know(known, names, { metrics }, read) {
      const fresh = names.flatMap((name) => {
        const source = metrics[name]
        if (source === undefined || Object.hasOwn(known, name)) return []
        const value = take(source, read)
        return value === undefined ? [] : [[name, value] as const]
      })
      return fresh.length === 0 ? known : { ...known, ...Object.fromEntries(fresh) }
    },
  }
}

function begin<T>(read: () => Promise<T | null>): Reading<T> {
  const reading: Reading<T> = { value: null, isOver: false }
  void read()
    .then((value) => {
      reading.value = value
    })
    // A record that cannot be read is as good as none: checks go on by this release alone.
    .catch(() => undefined)
    .finally(() => {
      reading.isOver = true
    })
  return reading
}
