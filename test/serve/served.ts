import type {ChildProcess} from 'node:child_process'
import {join} from 'node:path'

import {loadUring} from '../../src/native/index.js'
import {endOf, start, type Ended} from '../e2e/cli.js'
import type {Scene} from '../image/scene.js'
import {capability} from '../peers.js'

const ring = await loadUring()
export const uring = capability(ring.ok, ring.ok ? '' : ring.reason)

/** A server in a process of its own: the loop of a ring does not share a process with its clients. */
export class Served {
  readonly socket: string
  readonly #child: ChildProcess
  readonly #ended: Promise<Ended>

  private constructor(child: ChildProcess, socket: string) {
    this.#child = child
    this.socket = socket
    this.#ended = endOf(child)
  }

  get uri(): string {
    return `nbd+unix:///?socket=${this.socket}`
  }

  get pid(): number {
    return this.#child.pid ?? 0
  }

  /** Starts a server and waits until clients can connect. */
  static async start(
    scene: Scene,
    image: string,
    flags: readonly string[] = [],
    through: readonly string[] = [],
  ): Promise<Served> {
    const socket = join(scene.folder, 'nbd.sock')
    const args = ['serve', 'nbd', image, '--listen', `unix:${socket}`, '--json', ...flags]
    const child = start(args, {through})
    child.stdin?.end()
    const served = new Served(child, socket)
    scene.onClose(() => child.kill('SIGKILL'))
    let said = ''
    await new Promise<void>((resolve, reject) => {
      child.stderr?.on('data', (chunk: Buffer) => {
        said += chunk.toString()
        if (said.includes('note: serving')) resolve()
      })
      void served.#ended.then(({stderr, stdout}) => reject(new Error(`no server: ${stderr}${stdout}`)))
    })
    return served
  }

  signal(name: NodeJS.Signals): void {
    this.#child.kill(name)
  }

  /** Waits for the end. */
  async end(): Promise<{readonly ended: Ended; readonly document: ServeDocument}> {
    const ended = await this.#ended
    return {ended, document: JSON.parse(ended.stdout) as ServeDocument}
  }

  /** Ends it with SIGTERM. */
  async stop(): Promise<{readonly ended: Ended; readonly document: ServeDocument}> {
    this.signal('SIGTERM')
    return this.end()
  }
}

/** The document of a server, as far as tests look at it. */
export interface ServeDocument {
  readonly schema: string
  readonly transport: string
  readonly aio: {readonly backend: string; readonly syncs: number}
  readonly counts: Readonly<Record<string, number>>
  readonly flushesIgnored: number
  readonly faults: readonly {readonly why: string}[]
  readonly bytesAtRisk: number
  readonly hazards: readonly {readonly code: string; readonly count: number}[]
  readonly closingSync: string
  readonly notes: readonly string[]
}
