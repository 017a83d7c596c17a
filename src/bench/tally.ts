import {Histogram} from '../base/index.js'
import type {DirectionResult} from './result.js'

/** What requests of one kind have come to so far. */
export class Tally implements DirectionResult {
  requests = 0
  bytes = 0
  errors = 0
  latency = new Histogram()

  ended(lengthBytes: number, latencyNs: number): void {
    this.requests++
    this.bytes += lengthBytes
    this.latency.record(latencyNs)
  }

  merge(other: DirectionResult): void {
    this.requests += other.requests
    this.bytes += other.bytes
    this.errors += other.errors
    this.latency.merge(other.latency)
  }
}
