/** Somebody whose entries travel on the ring of a backend, so that one system call takes those of both. */
export interface RingGuest {
  /** At most this many entries at a time. */
  readonly entries: number
  /**
   * The ring is there.
   *
   * @param take gives the place of a cleared entry in `sqes`, 16 words of 32 bits. It leaves with the next submit(). The ninth
   * word is the guest's tag, the tenth is not the guest's to write
   */
  moveIn(sqes: Int32Array, take: () => number): void
  /** The kernel has answered the entry with this tag. Called while the backend reaps. */
  ended(tag: number, result: number): void
}
