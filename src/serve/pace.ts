import {Histogram} from '../base/index.js'
import {
  NBD_CMD_CACHE,
  NBD_CMD_FLUSH,
  NBD_CMD_READ,
  NBD_CMD_TRIM,
  NBD_CMD_WRITE,
  NBD_CMD_WRITE_ZEROES,
} from './nbd/protocol.js'

/** How the requests of one kind went that were done, well or not. */
export interface Pace {
  readonly kind: string
  readonly count: number
  readonly failed: number
  /** From when a request was taken until it had ended: the time of clients and sockets is not in it. */
  readonly latencyNs: {readonly p50: number; readonly p99: number; readonly max: number}
}

const KINDS: readonly (readonly [type: number, kind: string])[] = [
  [NBD_CMD_READ, 'READ'],
  [NBD_CMD_WRITE, 'WRITE'],
  [NBD_CMD_FLUSH, 'FLUSH'],
  [NBD_CMD_TRIM, 'TRIM'],
  [NBD_CMD_WRITE_ZEROES, 'WRITE_ZEROES'],
  [NBD_CMD_CACHE, 'CACHE'],
]

/** The pace of each kind of request, in the same memory however many there are. */
export class PaceMeter {
  readonly #rows = new Map(KINDS.map(([type, kind]) => [type, {kind, latencies: new Histogram(), failed: 0}]))

  /** A request has ended. @param type a command of NBD */
  ended(type: number, latencyNs: number, isOk: boolean): void {
    const row = this.#rows.get(type)
    if (row === undefined) return
    row.latencies.record(latencyNs)
    if (!isOk) row.failed++
  }

  /** Of the kinds that there were. */
  paces(): Pace[] {
    return [...this.#rows.values()]
      .filter(({latencies}) => latencies.count > 0)
      .map(({kind, latencies, failed}) => {
        const latencyNs = {p50: latencies.quantile(0.5), p99: latencies.quantile(0.99), max: latencies.max}
        return {kind, count: latencies.count, failed, latencyNs}
      })
  }
}
