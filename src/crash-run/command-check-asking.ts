import path from 'node:path'
import type {CrashModel, CrashState} from '../crash/index.js'
import {prepareCommand, type CommandLine, type Started} from './command-check-line.js'
import {CommandRunner, missingCommand, type Ended} from './command-check-process.js'
import {ImageKeys, ScratchFolder, ScratchImage} from './materialise.js'

/** A command, or two, as a check of an image. */
export interface CommandCheck {
  /** Exit status 0: the image will do. `{image}` is its path. */
  readonly check: CommandLine
  /** Runs before the check and may change the image. It has to end well too. */
  readonly recover?: CommandLine | undefined
  /** Exit statuses of `recover` that are well; 0 unless told. */
  readonly recoverPasses?: readonly number[] | undefined
  /** What the output of the check has to match too. */
  readonly expects?: RegExp | undefined
  /** False when the check never looks at the marks: then one image needs one run, whatever had been reached. True unless told. */
  readonly readsMarks?: boolean | undefined
}

/** What a check says of an image: null that it will do, else what is wrong. */
export type Saying = string | null

export interface AskingOptions {
  readonly timeoutMs: number
  readonly jobs: number
  /** Where the scratch folder is made; the system's folder for temporary files unless told. */
  readonly folder?: string | undefined
}

/** Asks commands about images, on as many scratch files as may be in use together, and remembers what they said. */
export class Asking {
  readonly keys = new ImageKeys()
  readonly #images: ScratchImage[] = []
  readonly #check: CommandCheck
  readonly #start: (image: string) => Started
  readonly #recover: ((image: string) => Started) | undefined
  readonly #timeoutMs: number
  readonly #folder: ScratchFolder
  readonly #runner = new CommandRunner()
  readonly #sayings = new Map<string, Saying>()
  /** A copy: looking through the real one takes its time. */
  readonly #env = {...process.env}
  #runs = 0
  #changed = 0

  /** @throws ToolError of kind usage or environment for a command that cannot be run, or no room for the scratch files */
  constructor(model: CrashModel, check: CommandCheck, {timeoutMs, jobs, folder}: AskingOptions) {
    this.#check = check
    this.#timeoutMs = timeoutMs
    this.#start = prepareCommand(check.check)
    this.#recover = check.recover === undefined ? undefined : prepareCommand(check.recover)
    this.#folder = new ScratchFolder(folder)
    try {
      for (let i = 1; i <= jobs; i++) {
        this.#images.push(new ScratchImage(path.join(this.#folder.path, `${i}`), model, this.keys))
      }
    } catch (error) {
      this.close()
      throw error
    }
  }

  /** The scratch files. */
  get images(): readonly ScratchImage[] {
    return this.#images
  }

  /** How often the check was run. */
  get runs(): number {
    return this.#runs
  }

  /** How often it had changed the image it was given, `recover` left aside. */
  get changed(): number {
    return this.#changed
  }

  /** Whether it may say another thing of the same image when more marks have been reached. */
  get readsMarks(): boolean {
    return this.#check.readsMarks ?? true
  }

  /** Ends all commands and removes the scratch files. May be called again. */
  close(): void {
    this.#runner.close()
    for (const image of this.#images) image.close()
    this.#folder.close()
  }

  /** What stands for a state and the marks told: two questions with the same key have the same answer. */
  keyOf(imageKey: string, reached: number): string {
    return this.readsMarks ? `${imageKey} ${reached}` : imageKey
  }

  /** What was said before. */
  recall(key: string): Saying | undefined {
    return this.#sayings.get(key)
  }

  /**
   * Asks about a state on one of the images, which nobody else may be using. Undefined when it was cancelled.
   *
   * @param reached how many marks the command is told of
   * @throws ToolError of kind environment when the command is missing, of kind io when the scratch file cannot be written
   */
  async ask(image: ScratchImage, state: CrashState, reached: number, signal: AbortSignal): Promise<Saying | undefined> {
    image.show(state)
    const env = {
      ...this.#env,
      FLUSHPOINT_IMAGE: image.path,
      FLUSHPOINT_MARKS: state.point.model.marks.slice(0, reached).join('\n'),
    }
    const options = {env, timeoutMs: this.#timeoutMs, signal}
    this.#runs++
    let saying: Saying | undefined = null
    try {
      if (this.#recover !== undefined) {
        const ended = await this.#runner.run(this.#recover(image.path), options)
        saying = this.#sayingOf(image, ended, 'recovery', this.#check.recoverPasses ?? [0])
      }
      if (saying === null) {
        const ended = await this.#runner.run(this.#start(image.path), options)
        saying = this.#sayingOf(image, ended, 'the check', [0], this.#check.expects)
      }
    } finally {
      if (image.settle() && this.#recover === undefined) this.#changed++
    }
    const key = this.keyOf(this.keys.keyOf(state), reached)
    if (saying !== undefined) this.#sayings.set(key, saying)
    return saying
  }

  #sayingOf(
    image: ScratchImage,
    ended: Ended,
    who: string,
    passes: readonly number[],
    expects?: RegExp,
  ): Saying | undefined {
    const missing = missingCommand(ended, who)
    if (missing !== undefined) throw missing
    if (ended.how === 'cancelled') return undefined
    const isWell = ended.how === 'exit' && passes.includes(ended.code)
    // The same words for the same image, wherever the scratch file lies.
    const tail = ended.tail.trim().replaceAll(image.path, '{image}')
    if (isWell && (expects === undefined || expects.test(tail))) return null
    return `${who} ${ended.said}${tail === '' ? '' : `: ${tail}`}`
  }
}
