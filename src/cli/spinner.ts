/** A sign of life on stderr while something takes long. Every way to end it clears the line it was on. */
export interface Spinner {
  /** Replaces the text beside it. */
  update(text: string): void
  /** Ends it without a trace. */
  stop(): void
}

const SILENT: Spinner = {update() {}, stop() {}}

/** The stream to draw on, as far as it decides whether to draw. */
type SpinnerStream = NodeJS.WritableStream & {readonly isTTY?: boolean; readonly columns?: number}

/**
 * Starts a spinner. Draws nothing, and loads nothing, unless the stream is a terminal with a real width and this is not
 * CI: in a log every frame would be a line, and ora never returns from a terminal of 0 columns.
 */
export async function startSpinner(text: string, stream: SpinnerStream = process.stderr): Promise<Spinner> {
  const drawable = stream.isTTY === true && (stream.columns ?? 0) > 0
  if (!drawable || process.env['TERM'] === 'dumb' || process.env['CI']) return SILENT
  const {default: ora} = await import('ora')
  // discardStdin would put the terminal into raw mode, where Ctrl-C is no SIGINT any more.
  const spinner = ora({text, stream, discardStdin: false}).start()
  return {
    update(next) {
      spinner.text = next
    },
    stop() {
      spinner.stop()
    },
  }
}
