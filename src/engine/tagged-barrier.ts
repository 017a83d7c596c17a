/** The tagged barrier in progress: all its steps are with the device at once, and it ends with the last of them. */
export class TaggedBarrier {
  #slot = -1
  #steps = 0
  #errno = 0

  /** @param steps how many go to the device */
  start(slot: number, steps: number): void {
    this.#slot = slot
    this.#steps = steps
    this.#errno = 0
  }

  /**
   * One of its steps has ended. An error stops none of the others: the device has them already.
   *
   * @returns the slot and its first errno once the last step has ended; undefined before
   */
  stepEnded(errno: number): {readonly slot: number; readonly errno: number} | undefined {
    if (this.#errno === 0) this.#errno = errno
    if (--this.#steps > 0) return undefined
    return {slot: this.#slot, errno: this.#errno}
  }
}
