import net from 'node:net'

/** A client that sends what it is told, right or wrong, and reads as many bytes as it is told. */
export class RawClient {
  readonly socket: net.Socket
  #received = Buffer.alloc(0)
  #hasEnded = false
  #wake: (() => void) | undefined

  private constructor(socket: net.Socket) {
    this.socket = socket
    socket.on('data', (chunk: Buffer) => {
      this.#received = Buffer.concat([this.#received, chunk])
      this.#wake?.()
    })
    for (const event of ['end', 'close', 'error'] as const) {
      socket.on(event, () => {
        this.#hasEnded = true
        this.#wake?.()
      })
    }
  }

  static connect(path: string): Promise<RawClient> {
    return new Promise((resolve, reject) => {
      const socket = net.connect({path, allowHalfOpen: true})
      socket.once('error', reject)
      socket.once('connect', () => {
        socket.off('error', reject)
        resolve(new RawClient(socket))
      })
    })
  }

  send(...parts: readonly Uint8Array[]): void {
    this.socket.write(Buffer.concat(parts))
  }

  /** Exactly so many bytes; fails when the connection ends before they have come. */
  async read(count: number): Promise<Buffer> {
    while (this.#received.length < count) {
      if (this.#hasEnded) throw new Error(`the server hung up after ${this.#received.length} of ${count} bytes`)
      await new Promise<void>((resolve) => {
        this.#wake = resolve
      })
    }
    const bytes = this.#received.subarray(0, count)
    this.#received = this.#received.subarray(count)
    return bytes
  }

  /** Everything that comes until the server hangs up. */
  async readToEnd(): Promise<Buffer> {
    while (!this.#hasEnded) {
      await new Promise<void>((resolve) => {
        this.#wake = resolve
      })
    }
    return this.#received
  }

  /** Something has come that was not read. */
  get hasReceived(): boolean {
    return this.#received.length > 0
  }

  close(): void {
    this.socket.destroy()
  }

  // What well-behaved clients say

  /** Takes the greeting and answers with the flags. */
  async greet(flags = 3): Promise<void> {
    await this.read(18)
    this.send(u32(flags))
  }

  /** The next answer to an option. */
  async reply(): Promise<{readonly option: number; readonly type: number; readonly data: Buffer}> {
    const head = await this.read(20)
    const data = await this.read(head.readUInt32BE(16))
    return {option: head.readUInt32BE(8), type: head.readUInt32BE(12), data}
  }

  /** All answers to an option, up to the acknowledgement or the error: their types. */
  async replies(): Promise<{readonly types: number[]; readonly data: Buffer[]}> {
    const types: number[] = []
    const data: Buffer[] = []
    for (;;) {
      const reply = await this.reply()
      types.push(reply.type)
      data.push(reply.data)
      if (reply.type === 1 || reply.type > 2 ** 31) return {types, data}
    }
  }

  /** Gets as far as requests, with GO. */
  async go(style: 'simple' | 'structured' | 'extended' = 'simple'): Promise<void> {
    await this.greet()
    if (style !== 'simple') {
      this.send(option(style === 'structured' ? 8 : 11))
      await this.replies()
    }
    this.send(option(7, infoData('')))
    await this.replies()
  }

  /** The error and the cookie of the next simple reply, without data. */
  async simple(): Promise<{readonly error: number; readonly cookie: number}> {
    const head = await this.read(16)
    if (head.readUInt32BE(0) !== 0x67446698) throw new Error(`no simple reply: ${head.toString('hex')}`)
    return {error: head.readUInt32BE(4), cookie: head.readUInt32BE(12)}
  }

  /** The error and the cookie of the next reply; the data of a simple one are left for read(). */
  async answer(
    style: 'simple' | 'structured' | 'extended',
  ): Promise<{readonly error: number; readonly cookie: number}> {
    if (style === 'simple') return this.simple()
    const isExtended = style === 'extended'
    const head = await this.read(isExtended ? 32 : 20)
    const magic = isExtended ? 0x6e8a278c : 0x668e33ef
    if (head.readUInt32BE(0) !== magic) throw new Error(`no ${style} reply: ${head.toString('hex')}`)
    const payload = await this.read(head.readUInt32BE(head.length - 4))
    const isError = head.readUInt16BE(6) === 0x8001
    return {error: isError ? payload.readUInt32BE(0) : 0, cookie: head.readUInt32BE(12)}
  }
}

export function u32(value: number): Buffer {
  const bytes = Buffer.alloc(4)
  bytes.writeUInt32BE(value)
  return bytes
}

export function option(number: number, data: Uint8Array = Buffer.alloc(0)): Buffer {
  return Buffer.concat([Buffer.from('IHAVEOPT'), u32(number), u32(data.length), data])
}

export function infoData(name: string, infos: readonly number[] = []): Buffer {
  const list = Buffer.alloc(2 + infos.length * 2)
  list.writeUInt16BE(infos.length)
  infos.forEach((info, index) => list.writeUInt16BE(info, 2 + index * 2))
  return Buffer.concat([u32(name.length), Buffer.from(name), list])
}

export function contextData(name: string, queries: readonly string[]): Buffer {
  const texts = queries.flatMap((query) => [u32(query.length), Buffer.from(query)])
  return Buffer.concat([u32(name.length), Buffer.from(name), u32(queries.length), ...texts])
}

interface RequestFields {
  readonly type: number
  readonly flags?: number
  readonly cookie?: number
  readonly offset?: number | bigint
  readonly length?: number | bigint
  readonly data?: Uint8Array
}

/** A compact request, with its data. */
export function request({type, flags = 0, cookie = 0, offset = 0, length = 0, data}: RequestFields): Buffer {
  const bytes = Buffer.alloc(28)
  bytes.writeUInt32BE(0x25609513, 0)
  bytes.writeUInt16BE(flags, 4)
  bytes.writeUInt16BE(type, 6)
  bytes.writeUInt32BE(cookie, 12)
  bytes.writeBigUInt64BE(BigInt(offset), 16)
  bytes.writeUInt32BE(data?.length ?? Number(length), 24)
  return data === undefined ? bytes : Buffer.concat([bytes, data])
}

/** An extended request, with its payload. */
export function extendedRequest({type, flags = 0, cookie = 0, offset = 0, length = 0, data}: RequestFields): Buffer {
  const bytes = Buffer.alloc(32)
  bytes.writeUInt32BE(0x21e41c71, 0)
  bytes.writeUInt16BE(flags, 4)
  bytes.writeUInt16BE(type, 6)
  bytes.writeUInt32BE(cookie, 12)
  bytes.writeBigUInt64BE(BigInt(offset), 16)
  bytes.writeBigUInt64BE(BigInt(data?.length ?? length), 24)
  return data === undefined ? bytes : Buffer.concat([bytes, data])
}

export const READ = 0
export const WRITE = 1
export const DISC = 2
export const FLUSH = 3
export const TRIM = 4
export const CACHE = 5
export const WRITE_ZEROES = 6
export const BLOCK_STATUS = 7
