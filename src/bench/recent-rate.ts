/** Below this an interval says more about when it was looked at than about the rate. */
const INTERVAL_NS = 200e6

/** The rate that something has now, from counts that grow: that of the last fifth of a second or longer, not of all the time before. */
export class RecentRate {
  #count = 0
  #atNs = 0
  #perSecond: number | undefined

  /**
   * @param count so far; less than before means a new beginning
   * @param atNs time since then
   * @returns a second; undefined before there is an interval to tell from
   */
  at(count: number, atNs: number): number | undefined {
    if (atNs < this.#atNs || count < this.#count) {
      this.#count = 0
      this.#atNs = 0
      this.#perSecond = undefined
    }
    if (atNs - this.#atNs >= INTERVAL_NS) {
      this.#perSecond = ((count - this.#count) / (atNs - this.#atNs)) * 1e9
      this.#count = count
      this.#atNs = atNs
    }
    return this.#perSecond
  }
}
