import {
  IORING_OP_ACCEPT,
  IORING_OP_ASYNC_CANCEL,
  IORING_OP_POLL_ADD,
  IORING_OP_RECV,
  IORING_OP_SENDMSG,
  IORING_OP_TIMEOUT,
  type MappedMemory,
} from '../../native/index.js'
import type {Memory} from '../backend.js'
import type {RingGuest} from './guest.js'

const TWO_32 = 2 ** 32
/** SOCK_CLOEXEC: a command started beside the server does not inherit connections. */
const ACCEPT_CLOEXEC = 0x80000
/** MSG_WAITALL, so that the kernel goes on after a short send by itself, and MSG_NOSIGNAL. */
const SEND_FLAGS = 0x4100
const POLLOUT = 4
/** struct msghdr of 64-bit Linux is 56 bytes; the iovecs, of 16, begin behind it. */
const MSGHDR_WORDS = 16
const IOVEC_WORDS = 4
const ENVELOPE_BYTES = 4096

/** Where the message header of a connection's sends lies; one for each send in flight. */
export interface Envelope {
  readonly memory: Memory
  readonly words: Int32Array
}

/**
 * Sockets whose operations travel on the ring of a backend. Every operation has a tag of the caller's choice, unique among those on
 * their way; what ended is in `tags` and `results` (a count, a descriptor, or a negative errno) after the backend has reaped, until
 * clear(). The memory of an operation stays where it is until then.
 */
export class RingSockets implements RingGuest {
  readonly entries: number
  /** Pieces that one send() takes. */
  readonly piecesMax = (ENVELOPE_BYTES / 4 - MSGHDR_WORDS) / IOVEC_WORDS
  readonly tags: number[] = []
  readonly results: number[] = []
  #sqes: Int32Array = new Int32Array(0)
  #take: () => number = () => 0
  #pending = 0

  /** @param entries operations on their way at a time */
  constructor(entries: number) {
    this.entries = entries
  }

  /** Operations on their way. */
  get pending(): number {
    return this.#pending
  }

  moveIn(sqes: Int32Array, take: () => number): void {
    this.#sqes = sqes
    this.#take = take
  }

  ended(tag: number, result: number): void {
    this.#pending--
    this.tags.push(tag)
    this.results.push(result)
  }

  /** Forgets what has ended. */
  clear(): void {
    this.tags.length = 0
    this.results.length = 0
  }

  /** Waits for a connection. Ends with its descriptor. */
  accept(tag: number, listenFd: number): void {
    const word = this.#begin(tag, IORING_OP_ACCEPT, listenFd)
    this.#sqes[word + 7] = ACCEPT_CLOEXEC
  }

  /** Ends with the bytes received, at most lengthBytes; 0 when the peer has closed. */
  receive(tag: number, fd: number, memory: Memory, memoryOffset: number, lengthBytes: number): void {
    const word = this.#begin(tag, IORING_OP_RECV, fd)
    this.#address(word + 4, memory, memoryOffset)
    this.#sqes[word + 6] = lengthBytes
  }

  /** Where memory of the backend lies, for a system call: an address of user space fits into a double. */
  addressOf(memory: Memory): number {
    const mapped = memory as MappedMemory
    return mapped.addressHigh * TWO_32 + mapped.addressLow
  }

  /** Makes an envelope of a page of memory. */
  envelope(memory: Memory): Envelope {
    return {memory, words: new Int32Array(memory.bytes.buffer, memory.bytes.byteOffset, ENVELOPE_BYTES / 4)}
  }

  /** Writes down one piece of the next send. */
  putPiece(envelope: Envelope, index: number, memory: Memory, memoryOffset: number, lengthBytes: number): void {
    const {words} = envelope
    const word = MSGHDR_WORDS + index * IOVEC_WORDS
    const mapped = memory as MappedMemory
    const low = mapped.addressLow + memoryOffset
    words[word] = low | 0
    words[word + 1] = mapped.addressHigh + (low >= TWO_32 ? 1 : 0)
    words[word + 2] = lengthBytes
    words[word + 3] = 0
  }

  /** The message of the first `count` pieces of an envelope: what a system call needs to send it. @returns the address of its struct msghdr */
  message(envelope: Envelope, count: number): number {
    const {words} = envelope
    const mapped = envelope.memory as MappedMemory
    const iovecs = mapped.addressLow + MSGHDR_WORDS * 4
    words[4] = iovecs | 0
    words[5] = mapped.addressHigh + (iovecs >= TWO_32 ? 1 : 0)
    words[6] = count
    return this.addressOf(envelope.memory)
  }

  /** Sends the message of an envelope. Ends with the bytes sent: fewer than all of them when the peer has gone. */
  send(tag: number, fd: number, envelope: Envelope): void {
    const word = this.#begin(tag, IORING_OP_SENDMSG, fd)
    this.#address(word + 4, envelope.memory, 0)
    this.#sqes[word + 6] = 1
    this.#sqes[word + 7] = SEND_FLAGS
  }

  /** Waits until a socket takes more, or its peer has gone. Ends with what poll(2) tells. */
  untilWritable(tag: number, fd: number): void {
    const word = this.#begin(tag, IORING_OP_POLL_ADD, fd)
    this.#sqes[word + 7] = POLLOUT
  }

  /** Ends after a time, with -ETIME. @param memory 16 bytes that stay until then */
  timeout(tag: number, memory: Memory, memoryOffset: number, ms: number): void {
    const seconds = Math.floor(ms / 1000)
    const view = new DataView(memory.bytes.buffer, memory.bytes.byteOffset + memoryOffset, 16)
    view.setUint32(0, seconds, true)
    view.setUint32(4, 0, true)
    view.setUint32(8, (ms - seconds * 1000) * 1e6, true)
    view.setUint32(12, 0, true)
    const word = this.#begin(tag, IORING_OP_TIMEOUT, -1)
    this.#address(word + 4, memory, memoryOffset)
    this.#sqes[word + 6] = 1
  }

  /** Ends another operation, with -ECANCELED, unless it has ended. */
  cancel(tag: number, target: number): void {
    const word = this.#begin(tag, IORING_OP_ASYNC_CANCEL, -1)
    this.#sqes[word + 4] = target
    this.#sqes[word + 5] = this.#sqes[word + 9] as number
  }

  #begin(tag: number, opcode: number, fd: number): number {
    const word = this.#take()
    this.#pending++
    this.#sqes[word] = opcode
    this.#sqes[word + 1] = fd
    this.#sqes[word + 8] = tag
    return word
  }

  #address(word: number, memory: Memory, memoryOffset: number): void {
    const mapped = memory as MappedMemory
    const low = mapped.addressLow + memoryOffset
    this.#sqes[word] = low | 0
    this.#sqes[word + 1] = mapped.addressHigh + (low >= TWO_32 ? 1 : 0)
  }
}
